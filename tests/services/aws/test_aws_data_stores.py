"""Data stores and backups: a good, a bad and an empty account, read and judged by the controls.

moto serves most of it; jobs, recovery points, copies, restore tests, policies of vaults and
document databases are answered by the proxy, in the form of AWS's API references
(`seed_data_stores`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial

import botocore.session
import pytest

from auditor.app.engine import make_engine
from auditor.catalog.library import load_library
from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.permissions import iam_action
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.control import Control
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status
from auditor.shipped import shipped
from tests.services.aws.faults import (
    Asked,
    Fault,
    FaultProxy,
    Rule,
    denied,
    dropped,
    expired,
    garbage,
)
from tests.services.aws.reading import by, read, target_at
from tests.services.aws.seed import HOME, client
from tests.services.aws.seed_data_stores import (
    BUCKET,
    DB,
    MEMBER,
    canned,
    json_answer,
    seed_bad,
    seed_good,
)
from tests.services.aws.server import CREDENTIALS, moto_server, reset

pytestmark = pytest.mark.service

TYPES = (
    "aws.backup.data_store",
    "aws.backup.job_series",
    "aws.backup.plan",
    "aws.backup.restore_testing_plan",
    "aws.backup.vault",
    "aws.docdb.cluster",
    "aws.dynamodb.table",
    "aws.efs.file_system",
    "aws.elasticache.replication_group",
    "aws.mq.broker",
    "aws.opensearch.domain",
    "aws.rds.cluster_snapshot",
    "aws.rds.snapshot",
    "aws.redshift.cluster",
    "aws.s3.backup_bucket",
)
# Each check, and which of its assertions are false in the bad account.
CHECKS: Mapping[str, set[str]] = {
    "backup-plans/covered": {"recent"},
    "backup-plans/plans": {"often-enough", "kept", "selects"},
    "backup-plans/jobs": {"no-gap", "still-running", "no-failed-job"},
    "backup-plans/recovery-points": {"encrypted", "complete", "protected", "recent"},
    "backup-plans/copies": {"recent-copy"},
    "backup-plans/restore-tests": {"planned", "restored", "in-time", "none-failed"},
    "store-backups/file-systems": {"encrypted", "backed-up"},
    "store-backups/document-databases": {"encrypted", "kept", "second-member"},
    "store-backups/tables": {"point-in-time"},
    "store-backups/backup-objects": {"size", "encrypted"},
    "store-backups/replication": {"elsewhere"},
    "data-store-hardening/warehouses": {"audited", "encrypted", "snapshots"},
    "data-store-hardening/cache-traffic": {"encrypted", "required"},
    "data-store-hardening/cache-storage": {"encrypted"},
    "data-store-hardening/cache-login": {"authenticated"},
    "data-store-hardening/cache-failover": {"automatic", "second-zone"},
    "data-store-hardening/search-domains": {
        "encrypted", "node-to-node", "https", "private", "fine-grained", "audit-log"
    },
    "data-store-hardening/brokers": {"private", "standby", "general-log", "audit-log"},
    "storage-private/database-snapshots": {"private", "encrypted"},
    "storage-private/cluster-snapshots": {"private", "encrypted"},
}  # fmt: skip
# What must be there: an account without it fails. Nothing of the rest is asked of an empty account.
MUST_EXIST = {
    "backup-plans/covered",
    "backup-plans/plans",
    "backup-plans/jobs",
    "backup-plans/recovery-points",
    "backup-plans/copies",
    "backup-plans/restore-tests",
    "store-backups/backup-objects",
}
# moto does not have an operation that these need.
NOT_IN_MOTO = {
    "backup-plans/covered",
    "backup-plans/plans",
    "backup-plans/jobs",
    "backup-plans/recovery-points",
    "backup-plans/copies",
    "backup-plans/restore-tests",
    "store-backups/replication",
}
Observations = Mapping[str, Observation]


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        pytest.MonkeyPatch.context() as patch,
        moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url,
    ):
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield url


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    """The requests that reading the good account makes."""
    return []


@pytest.fixture(scope="module")
def accounts(moto: str, asked: list[Asked]) -> Mapping[str, Observations]:
    """What was read of an account in each condition, and of the bad one without canned answers."""
    found: dict[str, Observations] = {}
    for name, make in (("good", seed_good), ("bad", seed_bad)):
        reset(moto)
        make(moto)
        found[name] = _read(moto, canned(good=name == "good"), asked if name == "good" else None)
    found["not implemented"] = _read(moto, ())
    reset(moto)
    lists = ("/resources/", "/backup-jobs/", "/copy-jobs/", "/restore-testing/plans")
    names = ("Results", "BackupJobs", "CopyJobs", "RestoreTestingPlans")
    nothing = [
        Rule(json_answer({name: []}), service="backup", operation=f"GET {path}")
        for path, name in zip(lists, names, strict=True)
    ]
    found["empty"] = _read(moto, nothing)
    return found


def _read(url: str, rules: Sequence[Rule], asked: list[Asked] | None = None) -> Observations:
    proxy = FaultProxy(url, rules, [] if asked is None else asked)
    with proxy as proxied:
        return read(proxied, TYPES, regions=[HOME])


@cache
def _controls() -> tuple[Control, ...]:
    """The shipped controls, with the checks of this module alone."""
    library = load_library([shipped("controls")])
    wanted = sorted({path.partition("/")[0] for path in CHECKS})
    return tuple(
        control.model_copy(
            update={"checks": tuple(c for c in control.checks if f"{control.id}/{c.id}" in CHECKS)}
        )
        for control in (library.controls[name].control for name in wanted)
    )


def _judged(observations: Observations) -> Mapping[str, list[Finding]]:
    """Findings of the shipped controls by `control/check`."""
    engine, target = make_engine(), target_at("")
    policy = Policy(
        controls=_controls(),
        frameworks=(),
        targets=(target,),
        environments=("prod",),
        resource_types=AwsCollector().resource_types(),
        kinds={"aws": ("aws-account",)},
    )
    plan = make_plan(policy, engine)
    evidence = {(target.name, name): seen for name, seen in observations.items()}
    found: dict[str, list[Finding]] = {}
    for finding in evaluate(policy, plan, evidence, datetime.now(UTC), engine).findings:
        found.setdefault(f"{finding.control}/{finding.check}", []).append(finding)
    assert found.keys() == CHECKS.keys()
    return found


def test_everything_of_a_good_account_is_read_and_passes(
    accounts: Mapping[str, Observations],
) -> None:
    for name, observation in accounts["good"].items():
        assert observation.gaps == (), name
        assert observation.resources, name
        assert [r.unread for r in observation.resources if r.unread] == [], name
    for check, findings in _judged(accounts["good"]).items():
        bad = [
            f for f in findings if f.status is not Status.PASS and not f.key.endswith(":orders-1")
        ]
        assert bad == [], check
        assert any(f.status is Status.PASS for f in findings), check


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_each_check_fails_in_a_bad_account(
    check: str, accounts: Mapping[str, Observations]
) -> None:
    findings = [f for f in _judged(accounts["bad"])[check] if f.key != MEMBER]
    assert {f.status for f in findings} == {Status.FAIL}
    false = {a.id for f in findings for a in f.assertions if a.truth == "false"}
    assert false == CHECKS[check]


def test_a_member_of_a_cluster_is_backed_up_as_the_cluster(
    accounts: Mapping[str, Observations],
) -> None:
    for check in ("backup-plans/covered", "backup-plans/copies"):
        statuses = {f.key: f.status for f in _judged(accounts["bad"])[check]}
        assert statuses == {MEMBER: Status.NOT_APPLICABLE, DB: Status.FAIL}


def test_an_empty_account_fails_where_something_must_exist(
    accounts: Mapping[str, Observations],
) -> None:
    for name, observation in accounts["empty"].items():
        assert (observation.gaps, observation.resources) == ((), ()), name
    for check, [finding] in _judged(accounts["empty"]).items():
        assert finding.status is (Status.FAIL if check in MUST_EXIST else Status.NOT_APPLICABLE), (
            check
        )


def test_what_is_not_implemented_is_an_error_and_nothing_passes(
    accounts: Mapping[str, Observations],
) -> None:
    judged = _judged(accounts["not implemented"])
    for check, findings in judged.items():
        assert not [f for f in findings if f.status is Status.PASS], check
    undecided = {
        f"{f.control}/{f.check}"
        for findings in judged.values()
        for f in findings
        if f.status is Status.ERROR or any(a.truth == "undecided" for a in f.assertions)
    }
    assert undecided == NOT_IN_MOTO


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (denied, Cause.DENIED),
        (expired, Cause.EXPIRED_CREDENTIALS),
        (garbage, Cause.UNPARSABLE),
        (dropped, Cause.UNREACHABLE),
    ],
)
def test_what_cannot_be_read_is_an_error_in_every_check(
    moto: str, fault: Fault, cause: Cause
) -> None:
    found = _read(moto, [Rule(fault, but=["sts"])])
    for name, observation in found.items():
        assert observation.resources == (), name
        assert [gap.cause for gap in observation.gaps] == [cause], name
    for check, findings in _judged(found).items():
        assert {f.status for f in findings} == {Status.ERROR}, check


def test_series_of_objects_are_told_apart(accounts: Mapping[str, Observations]) -> None:
    [bucket] = accounts["good"]["aws.s3.backup_bucket"].resources
    assert bucket.data["name"] == BUCKET
    series = bucket.data["series"]
    assert isinstance(series, list)
    assert [(s["pattern"], s["objects"], s["newest_bytes"], s["median_bytes"]) for s in series] == [
        ("db/shop-#-#-#.sql.gz", 5, 1001, 1000)
    ]


def test_an_empty_backup_bucket_is_read_and_fails(moto: str) -> None:
    reset(moto)
    s3 = client(moto, "s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": HOME})
    tags = [{"Key": "purpose", "Value": "backup"}]
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    s3.create_bucket(Bucket="others", CreateBucketConfiguration={"LocationConstraint": HOME})
    proxy = FaultProxy(moto)
    with proxy as url:
        [observed] = read(url, ["aws.s3.backup_bucket"], regions=[HOME]).values()
    [bucket] = observed.resources
    assert (bucket.data["newest_object_at"], bucket.data["series"]) == (None, [])
    # A bucket that holds no backups is not looked into.
    assert not [asked for asked in proxy.seen if "others" in asked.text]


def test_a_cache_is_open_through_one_user_of_its_group(moto: str) -> None:
    """moto knows users, and no groups of them: the answer is canned."""
    reset(moto)
    client(moto, "elasticache").create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="sessions",
        UserGroupIds=["shop"],
        TransitEncryptionEnabled=True,
        TransitEncryptionMode="required",
    )
    for access, open_users in (("on ~* +@all", ["guest"]), ("off -@all", [])):
        user = f"""<member><UserId>guest</UserId><UserName>guest</UserName><Status>active</Status>
            <Engine>redis</Engine><AccessString>{access}</AccessString>
            <UserGroupIds><member>shop</member></UserGroupIds>
            <Authentication><Type>no-password</Type></Authentication></member>""".encode()
        rule = Rule(
            service="elasticache", operation="DescribeUsers", edit=partial(_with_user, user)
        )
        with FaultProxy(moto, [rule]) as url:
            name = "aws.elasticache.replication_group"
            [cache_group] = read(url, [name], regions=[HOME])[name].resources
        assert cache_group.data["open_users_by_group"] == {"shop": open_users}


def _with_user(user: bytes, body: bytes) -> bytes:
    return re.sub(
        rb"<Users>.*</Users>|<Users ?/>", b"<Users>" + user + b"</Users>", body, flags=re.DOTALL
    )


def test_one_bad_vault_leaves_the_others_readable(moto: str) -> None:
    reset(moto)
    for name in ("first", "second"):
        client(moto, "backup").create_backup_vault(BackupVaultName=name)
    refused = json_answer({"Message": "no"}, 403, "AccessDeniedException")
    rules = [
        Rule(refused, service="backup", operation="GET /backup-vaults/first/recovery-points/"),
        Rule(json_answer({"RecoveryPoints": []}), service="backup", containing="/recovery-points/"),
        Rule(json_answer({"Policy": "{"}), service="backup", containing="/first/access-policy"),
        Rule(
            json_answer({"Policy": '{"Statement": []}'}),
            service="backup",
            containing="/access-policy",
        ),
    ]
    vaults = by("name", _read(moto, rules)["aws.backup.vault"])
    assert vaults["second"].unread == {}
    assert vaults["second"].data["denies_deletion"] is False
    unread = {name: gap.cause for name, gap in vaults["first"].unread.items()}
    assert unread == {
        "denies_deletion": Cause.UNPARSABLE,
        "policy": Cause.UNPARSABLE,
        **dict.fromkeys(
            ("incomplete", "newest_point_at", "recovery_points", "unencrypted"), Cause.DENIED
        ),
    }
    assert vaults["first"].unread["recovery_points"].action == (
        "backup:ListRecoveryPointsByBackupVault"
    )


@pytest.mark.usefixtures("accounts")
def test_every_call_is_in_the_policy_and_nothing_else_is(asked: list[Asked]) -> None:
    made = {iam_action(*_operation(request)) for request in asked}
    assert len(made) > len(TYPES)
    statements = json.loads(AwsCollector().grants(TYPES)["policy"])["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    # The region was given, so that nothing had to ask for the enabled ones.
    assert made == allowed - {"ec2:DescribeRegions"}


_REST = {"backup": "backup", "elasticfilesystem": "efs", "es": "opensearch", "mq": "mq"}


def _operation(asked: Asked) -> tuple[str, str]:
    """botocore's service and operation of a request; REST is told by its path."""
    if asked.service in _REST:
        service = _REST[asked.service]
        return service, _rest(service, asked.operation)
    if asked.service == "s3" and "list-type=2" in asked.text:
        return "s3", "ListObjectsV2"
    named = {"tagging": "resourcegroupstaggingapi"}
    return named.get(asked.service, asked.service), asked.operation


@cache
def _routes(service: str) -> list[tuple[re.Pattern[str], str]]:
    model = botocore.session.get_session().get_service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\\?\{[^{}]+\\?\}", "[^/]+", re.escape(http["requestUri"].partition("?")[0]))
        routes.append((re.compile(f"{http['method']} {path}/?"), name))
    return routes


def _rest(service: str, request: str) -> str:
    """The operation of `GET /backup-jobs/`."""
    found = [name for route, name in _routes(service) if route.fullmatch(request)]
    assert len(found) == 1, (request, found)
    return found[0]
