"""Security services, accounts and messages: a good, a bad and an empty account, read and judged.

moto serves most of it. Analysers, threat findings, coverage, flaws and their details, standards,
automated discovery, deliveries of Config, regions, the primary contact and events of CloudTrail are
canned answers in the form of AWS's documentation (`answers_security_services`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest

from auditor.app.engine import make_engine
from auditor.app.evidence.redaction import cleaned
from auditor.app.registry import Collectors
from auditor.catalog.library import Library, load_library
from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.permissions import iam_action
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status
from auditor.shipped import shipped
from tests.services.aws.answers_security_services import canned, nothing
from tests.services.aws.faults import Asked, FaultProxy, Rule, denied, dropped
from tests.services.aws.operation_names import named
from tests.services.aws.reading import by, read, target_at
from tests.services.aws.seed import HOME
from tests.services.aws.seed_data_stores import json_answer
from tests.services.aws.seed_security_services import PHONE, ROLE, SECRET, seed_bad, seed_good
from tests.services.aws.server import ACCOUNT, CREDENTIALS, moto_server, reset

pytestmark = pytest.mark.service

TYPES = (
    "aws.accessanalyzer.region",
    "aws.account.contacts",
    "aws.account.region",
    "aws.cloudtrail.privileged_event",
    "aws.cloudtrail.root_event",
    "aws.cloudwatch.alarm",
    "aws.config.region",
    "aws.guardduty.region",
    "aws.iam.credential_report_row",
    "aws.inspector2.covered_resource",
    "aws.inspector2.finding",
    "aws.inspector2.region",
    "aws.logs.activity",
    "aws.logs.security_filter",
    "aws.macie2.region",
    "aws.organizations.account",
    "aws.organizations.membership",
    "aws.secretsmanager.secret",
    "aws.securityhub.region",
    "aws.sns.topic",
    "aws.sqs.queue",
)
EVENTS = ("aws.cloudtrail.privileged_event", "aws.cloudtrail.root_event")
# Each check: which assertions are false in the bad account, and what the empty one gives.
CHECKS: Mapping[str, tuple[set[str], Status]] = {
    "threat-detection/detectors": ({"enabled"}, Status.FAIL),
    "threat-detection/findings": ({"judged-in-time"}, Status.NOT_APPLICABLE),
    "threat-detection/access-analysis": ({"analyzer", "judged-in-time"}, Status.FAIL),
    "threat-detection/security-hub": ({"enabled", "standard"}, Status.FAIL),
    "threat-detection/sensitive-data": ({"enabled", "automated"}, Status.FAIL),
    "vulnerability-management/scanning": ({"enabled", "kinds"}, Status.FAIL),
    "vulnerability-management/coverage": ({"active", "recent"}, Status.FAIL),
    "vulnerability-management/open-flaws": ({"in-time", "known-exploited"}, Status.ERROR),
    "configuration-recording/recorder": ({"recording", "all-types", "delivered"}, Status.FAIL),
    "alarms/security-events": ({"alarm", "topic", "subscriber"}, Status.FAIL),
    "alarms/alarm-actions": ({"enabled", "actions"}, Status.FAIL),
    "alarms/log-freshness": ({"recent"}, Status.FAIL),
    "queues/queues-private": ({"encrypted", "private"}, Status.NOT_APPLICABLE),
    "queues/topics-private": ({"encrypted", "private"}, Status.NOT_APPLICABLE),
    "queues/dead-letters": ({"has-dead-letter-queue", "drained"}, Status.NOT_APPLICABLE),
    "secrets-rotation/rotation": ({"on", "often-enough", "on-time"}, Status.NOT_APPLICABLE),
    "privileged-actions/explained": ({"approved-or-explained"}, Status.NOT_APPLICABLE),
    "privileged-actions/root-unused": ({"no-sign-in", "no-key-use"}, Status.PASS),
    "privileged-actions/root-events": ({"explained"}, Status.PASS),
    "account-scope/contacts": ({"operations", "billing"}, Status.FAIL),
    "account-scope/regions": ({"read"}, Status.ERROR),
    "account-scope/membership": ({"all-features"}, Status.FAIL),
    "account-scope/guard-rails": ({"attached"}, Status.NOT_APPLICABLE),
    "account-scope/accounts": ({"known"}, Status.ERROR),
}
CONTROLS = sorted({name.partition("/")[0] for name in CHECKS})
INVENTORY = {"log_groups": ["orders"], "change_actors": [ROLE]}


@cache  # read once: the library is part of the program
def _library() -> Library:
    return load_library([shipped("controls")])


@dataclass(frozen=True)
class Read:
    """What was collected from an account, and what was asked of it."""

    observations: Mapping[str, Observation]
    asked: tuple[Asked, ...] = ()

    def verdicts(self, *accounts: str) -> dict[str, list[Finding]]:
        """`control/check` to its findings, with these accounts in the inventory."""
        target = replace(target_at(""), labels={"organization": "management"})
        policy = Policy(
            controls=tuple(_library().controls[name].control for name in CONTROLS),
            frameworks=(),
            targets=(target,),
            environments=(target.environment,),
            resource_types=Collectors().resource_types(),
            kinds={"aws": ("aws-account",)},
            inventory={**INVENTORY, "aws_accounts": list(accounts)},
        )
        observed = {(target.name, name): seen for name, seen in self.observations.items()}
        now = min(seen.started_at for seen in self.observations.values())
        engine = make_engine()
        found: dict[str, list[Finding]] = {}
        for finding in evaluate(policy, make_plan(policy, engine), observed, now, engine).findings:
            found.setdefault(f"{finding.control}/{finding.check}", []).append(finding)
        return found


def _read(url: str, rules: list[Rule]) -> Read:
    proxy = FaultProxy(url, rules)
    with proxy as through:
        found = dict(read(through, [name for name in TYPES if name not in EVENTS], regions=[HOME]))
        observations = found | dict(read(through, EVENTS))  # those of IAM are in the other region
    return Read(observations, tuple(proxy.seen))


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stand-in that is seeded anew for each account."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
            yield url


@pytest.fixture(scope="module")
def accounts(moto: str) -> Mapping[str, Read]:
    """The three accounts; the stand-in holds the good one at the end."""
    found = {"empty": _read(moto, nothing())}
    root = seed_bad(moto)
    found["bad"] = _read(moto, canned(root, good=False))
    reset(moto)
    root = seed_good(moto)
    found["good"] = _read(moto, canned(root, good=True))
    return found


@pytest.fixture(scope="module")
def good_rules(moto: str, accounts: Mapping[str, Read]) -> list[Rule]:
    """Canned answers of the good account, which the stand-in then holds."""
    [root] = {
        call.request.partition('"TargetId":"')[2][:6]
        for call in accounts["good"].observations["aws.organizations.account"].calls
        if '"TargetId":"r-' in call.request
    }
    assert moto
    return canned(root, good=True)


def _known(accounts: Mapping[str, Read], name: str) -> list[str]:
    observed = accounts[name].observations["aws.organizations.account"]
    return [str(account.data["id"]) for account in observed.resources]


def test_the_good_account_passes_everywhere(accounts: Mapping[str, Read]) -> None:
    verdicts = accounts["good"].verdicts(*_known(accounts, "good"))
    assert verdicts.keys() == CHECKS.keys()
    for name, findings in verdicts.items():
        judged = {finding.status for finding in findings} - {Status.NOT_APPLICABLE}
        assert judged == {Status.PASS}, (name, findings)


@pytest.mark.parametrize("name", CHECKS)
def test_the_bad_account_fails_by_each_assertion(accounts: Mapping[str, Read], name: str) -> None:
    findings = accounts["bad"].verdicts()[name]
    assert Status.FAIL in {finding.status for finding in findings}, findings
    false = {a.id for finding in findings for a in finding.assertions if a.truth == "false"}
    assert false == CHECKS[name][0]


@pytest.mark.parametrize("name", CHECKS)
def test_the_empty_account_never_passes_unproven(accounts: Mapping[str, Read], name: str) -> None:
    findings = accounts["empty"].verdicts()[name]
    assert {finding.status for finding in findings} == {CHECKS[name][1]}, findings


def test_what_was_read_is_paged_batched_and_never_secret(accounts: Mapping[str, Read]) -> None:
    good = accounts["good"]
    [region] = good.observations["aws.guardduty.region"].resources
    assert isinstance(region.data["findings"], list)
    assert len(region.data["findings"]) == 60
    asked = [one for one in good.asked if one.operation.endswith("/findings/get")]
    assert [one.text.count('"f') - one.text.count('"findingIds"') for one in asked] == [50, 10]
    everything = repr(good.observations)
    assert SECRET not in everything
    assert "assumed-role" not in everything  # the name of a session is often a person's
    assert all("GetSecretValue" not in one.operation for one in good.asked)


def test_nothing_is_kept_that_is_not_declared_and_contacts_are_tokens(
    accounts: Mapping[str, Read],
) -> None:
    types = AwsCollector().resource_types()
    good = accounts["good"].observations
    kept = {name: cleaned(observation, types[name]) for name, observation in good.items()}
    for name, observation in kept.items():
        assert observation.gaps == good[name].gaps
        assert [one.unread for one in observation.resources] == [{} for _ in good[name].resources]
    assert PHONE in repr(good)
    assert PHONE not in repr(kept)
    contacts = Read(kept).verdicts()["account-scope/contacts"]
    assert [finding.status for finding in contacts] == [Status.PASS]


def test_only_the_first_page_of_streams_is_read(accounts: Mapping[str, Read]) -> None:
    asked = [one for one in accounts["good"].asked if one.operation == "DescribeLogStreams"]
    assert len(asked) == 2  # one for each log group


def test_regions_are_asked_for_once(moto: str, good_rules: list[Rule]) -> None:
    with FaultProxy(moto, good_rules) as url:
        found = read(url, ["aws.account.region"])["aws.account.region"]
    assert [call.request.partition(" ")[0] for call in found.calls].count(
        "account:ListRegions"
    ) == 1
    assert found.facts["regions"] == ["eu-west-1", "us-east-1"]


def test_every_call_is_in_the_policy(accounts: Mapping[str, Read]) -> None:
    types = AwsCollector().resource_types()
    granted = {action for name in TYPES for action in types[name].permissions}
    policy = AwsCollector().grants(TYPES)["policy"]
    made = {iam_action(*_named(one)) for read_ in accounts.values() for one in read_.asked}
    assert made <= granted
    assert {action for action in made if f'"{action}"' not in policy} == set()
    # Only what the regions of a target are found out with was not needed: they were given.
    assert granted - made == {"ec2:DescribeRegions"}


def _named(asked: Asked) -> tuple[str, str]:
    """botocore's names, where another name is signed."""
    signed = {"access-analyzer": "accessanalyzer", "monitoring": "cloudwatch"}
    return named(replace(asked, service=signed.get(asked.service, asked.service)))


# Each type, the operation that is refused, and the fields that are then unread (none: nothing is).
REFUSALS: Sequence[tuple[str, str, set[str]]] = (
    ("aws.accessanalyzer.region", "GET /analyzer", set()),
    ("aws.accessanalyzer.region", "POST /findingv2", {"findings"}),
    ("aws.account.contacts", "POST /getContactInformation", {"primary_name", "primary_phone"}),
    ("aws.cloudtrail.privileged_event", "LookupEvents", set()),
    ("aws.config.region", "DescribeDeliveryChannelStatus", {"delivery_channels", "deliveries"}),
    ("aws.inspector2.covered_resource", "POST /coverage/list", set()),
    ("aws.inspector2.finding", "POST /findings/details/batch/get", {"fix_due_at"}),
    ("aws.logs.activity", "DescribeLogStreams", {"last_event_at"}),
    ("aws.logs.security_filter", "ListSubscriptions", {"subscribed"}),
    ("aws.macie2.region", "GET /macie", set()),
    ("aws.organizations.account", "ListPoliciesForTarget", {"guard_rails"}),
    ("aws.organizations.membership", "DescribeOrganization", set()),
    ("aws.secretsmanager.secret", "ListSecrets", set()),
    ("aws.securityhub.region", "GET /accounts", set()),
    ("aws.securityhub.region", "POST /standards/get", {"standards"}),
    ("aws.sqs.queue", "ListDeadLetterSourceQueues", {"sources"}),
)


@pytest.mark.parametrize(("name", "operation", "fields"), REFUSALS)
def test_what_is_refused_is_unread(
    moto: str, good_rules: list[Rule], name: str, operation: str, fields: set[str]
) -> None:
    rules = [Rule(denied, operation=operation), *good_rules]
    with FaultProxy(moto, rules) as url:
        found = read(url, [name], regions=[HOME])[name]
    if not fields:
        assert found.resources == ()
        assert {gap.cause for gap in found.gaps} == {Cause.DENIED}
        return
    assert found.resources
    for resource in found.resources:
        assert resource.unread.keys() == fields
        assert {gap.cause for gap in resource.unread.values()} == {Cause.DENIED}


def test_findings_that_cannot_be_read_leave_the_detector_known(
    moto: str, good_rules: list[Rule]
) -> None:
    rules = [Rule(denied, service="guardduty", containing="/findings/get"), *good_rules]
    with FaultProxy(moto, rules) as url:
        [region] = read(url, ["aws.guardduty.region"], regions=[HOME])[
            "aws.guardduty.region"
        ].resources
    assert region.data["enabled"] is True
    assert region.unread.keys() == {"findings"}
    rules = [Rule(dropped, service="guardduty", containing="/findings "), *good_rules]
    with FaultProxy(moto, rules) as url:
        [region] = read(url, ["aws.guardduty.region"], regions=[HOME])[
            "aws.guardduty.region"
        ].resources
    assert region.unread.keys() == {"finding_ids", "findings"}


def test_a_finding_left_out_of_a_batch_is_unread(moto: str, good_rules: list[Rule]) -> None:
    fault = json_answer({"findings": []})
    rules = [Rule(fault, service="guardduty", containing="/findings/get"), *good_rules]
    with FaultProxy(moto, rules) as url:
        [region] = read(url, ["aws.guardduty.region"], regions=[HOME])[
            "aws.guardduty.region"
        ].resources
    assert region.unread["findings"].cause is Cause.UNPARSABLE


def test_a_service_that_is_not_implemented_is_an_error_everywhere(moto: str) -> None:
    """moto has none of these operations."""
    names = ("aws.accessanalyzer.region", "aws.account.region", "aws.cloudtrail.root_event")
    for observation in read(moto, names, regions=[HOME]).values():
        assert observation.resources == ()
        assert observation.gaps


def test_an_organization_without_paths_leaves_guard_rails_unread(moto: str) -> None:
    """As moto answers: where an account stands is then not known."""
    found = read(moto, ["aws.organizations.account"])["aws.organizations.account"]
    assert {frozenset(account.unread) for account in found.resources} == {
        frozenset({"guard_rails"})
    }


def test_the_root_of_an_organization_guards_its_accounts(accounts: Mapping[str, Read]) -> None:
    found = by("id", accounts["good"].observations["aws.organizations.account"])
    assert len(found) == 2
    for account in found.values():
        assert account.data["guard_rails"] == ["deny-regions"]
        assert account.data["management_account"] == ACCOUNT
