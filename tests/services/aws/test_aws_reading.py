"""What the collector reads from a seeded account: good and bad things of every type."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.permissions import iam_action
from auditor.core.canonical import canonical
from auditor.core.model.fields import typed
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.services.aws.faults import FaultProxy
from tests.services.aws.reading import ask_who, by, read
from tests.services.aws.seed import LOG_GROUPS, SEEDED
from tests.services.aws.server import ACCOUNT

pytestmark = pytest.mark.service

# moto answers LatestRestorableTime and LatestDeliveryTime with the present moment, and leaves out
# what AWS always states: PubliclyAccessible of an instance made without it, and the default
# cluster parameter group, which it names and does not have.
MOTO_LACKS = {("aws.rds.cluster", "force_tls")}
MOTO_MOVES = {"latest_restorable_at", "last_delivery_at"}


@pytest.fixture(scope="module")
def everything(aws: str) -> Mapping[str, Observation]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        return read(aws, SEEDED)


def test_every_type_is_read_without_gaps(everything: Mapping[str, Observation]) -> None:
    for name, observation in everything.items():
        assert observation.gaps == (), name
        assert observation.resources, name
        unread = {(name, field) for r in observation.resources for field in r.unread}
        assert unread <= MOTO_LACKS


def test_only_declared_fields_of_the_declared_types(everything: Mapping[str, Observation]) -> None:
    for name in SEEDED:
        resource_type = AwsCollector().resource_types()[name]
        for resource in everything[name].resources:
            read_or_known = resource.data.keys() | resource.unread.keys()
            assert read_or_known == resource_type.fields.fields.keys(), name
            assert not resource.data.keys() & resource.unread.keys()
            if not resource.unread:
                typed(resource.data, resource_type.fields)
        typed(everything[name].facts, resource_type.facts)
        assert everything[name].facts.keys() == resource_type.facts.fields.keys()


def test_evidence_is_canonical_json(everything: Mapping[str, Observation]) -> None:
    for observation in everything.values():
        assert canonical(observation.to_json())
        assert Observation.from_json(observation.to_json()) == observation


def test_provenance_is_complete(everything: Mapping[str, Observation], aws: str) -> None:
    for observation in everything.values():
        assert observation.identity.startswith("arn:aws:")
        assert observation.calls[0].request == "sts:GetCallerIdentity"
        assert observation.as_of <= observation.started_at <= observation.read_at
        for call in observation.calls:
            assert observation.started_at <= call.started_at <= observation.read_at
            assert call.endpoint.startswith(aws)
            assert call.pages >= 1
            assert not call.more
        ended = [call for call in observation.calls if not call.ok]
        assert bool(ended) == (observation.resource_type == "aws.rds.cluster")


def test_two_readings_of_an_unchanged_account_are_equal(
    everything: Mapping[str, Observation], aws: str
) -> None:
    again = read(aws, SEEDED)
    for name, observation in everything.items():
        assert _steady(again[name]) == _steady(observation), name


def _steady(observation: Observation) -> list[object]:
    return [
        (resource.uid, {k: v for k, v in resource.data.items() if k not in MOTO_MOVES})
        for resource in observation.resources
    ]


def test_nothing_is_written(aws: str) -> None:
    proxy = FaultProxy(aws)
    with proxy as url:
        read(url, SEEDED)
    asked = {seen.operation for seen in proxy.seen}
    reading = {name for name in asked if name.startswith(("Get", "List", "Describe"))}
    # The report is made by AWS from what it knows; SecurityAudit, read-only, allows it.
    assert asked - reading == {"GenerateCredentialReport"}


def test_calls_are_those_of_the_permissions(everything: Mapping[str, Observation]) -> None:
    for name in SEEDED:
        resource_type = AwsCollector().resource_types()[name]
        asked = [call.request.partition(" ")[0] for call in everything[name].calls]
        needed = {iam_action(*request.split(":")) for request in asked}
        # The regions were given, so that nothing had to ask for them.
        assert needed == set(resource_type.permissions) - {"ec2:DescribeRegions"}, name


def test_stated_calls_are_those_that_were_sent(aws: str) -> None:
    proxy = FaultProxy(aws)
    with proxy as url:
        observation = read(url, ["aws.s3.bucket"])["aws.s3.bucket"]
    stated = sorted(call.request.partition(" ")[0].partition(":")[2] for call in observation.calls)
    assert sorted(seen.operation for seen in proxy.seen) == stated


def test_one_answer_serves_every_type(aws: str) -> None:
    proxy = FaultProxy(aws)
    with proxy as url:
        read(url, [name for name in AwsCollector().resource_types() if name.startswith("aws.iam.")])
    asked = [seen.operation for seen in proxy.seen]
    assert sorted(asked) == sorted(set(asked))


def test_identity_and_preflight(aws: str) -> None:
    assert ask_who(aws).identity.startswith(f"arn:aws:sts::{ACCOUNT}:")
    assert ask_who(aws).gap is None


def test_another_account_is_not_read(aws: str) -> None:
    proxy = FaultProxy(aws)
    with proxy as url:
        found = read(url, account="210987654321")
    assert [seen.operation for seen in proxy.seen] == ["GetCallerIdentity"]
    for observation in found.values():
        assert [gap.cause for gap in observation.gaps] == [Cause.OTHER_TARGET]
        assert observation.resources == ()


def test_enabled_regions_are_read_and_the_others_named(aws: str) -> None:
    observation = read(aws, ["aws.ec2.ebs_default"], regions="enabled")["aws.ec2.ebs_default"]
    regions = observation.facts["regions"]
    others = observation.facts["regions_not_enabled"]
    assert isinstance(regions, list)
    assert isinstance(others, list)
    assert [resource.data["region"] for resource in observation.resources] == regions
    assert "eu-west-1" in regions
    assert others
    assert not set(regions) & set(others)


def test_endpoint_of_the_environment_is_respected(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    found = read("", ["aws.s3.account_public_access_block"], endpoint_url=None)
    assert found["aws.s3.account_public_access_block"].gaps == ()


def test_a_role_is_assumed(aws: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/auditor"
    proxy = FaultProxy(aws)
    with proxy as url:
        preflight = ask_who(url, role_arn=role, external_id="pact")
    assert preflight.identity == f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/auditor"
    assert [seen.operation for seen in proxy.seen] == ["AssumeRole", "GetCallerIdentity"]
    assert "ExternalId=pact" in proxy.seen[0].text


def test_users_and_administrators(everything: Mapping[str, Observation]) -> None:
    users = by("name", everything["aws.iam.user"])
    assert users["alice"].data["administrator"] is True
    assert users["alice"].data["administrator_reasons"] == ["group admins: inline policy all"]
    assert users["bob"].data["administrator"] is False
    assert users["bob"].data["inline_policies"] == ["read"]
    assert users["carol"].data["attached_policies"] == [f"arn:aws:iam::{ACCOUNT}:policy/reading"]
    assert users["carol"].uid not in {"", users["bob"].uid}
    assert everything["aws.iam.user"].facts["summary_users"] == 3


def test_credential_report(everything: Mapping[str, Observation]) -> None:
    # moto's report has no row for root; AWS's has one.
    rows = by("user", everything["aws.iam.credential_report_row"])
    assert rows.keys() == {"alice", "bob", "carol"}
    alice, bob, carol = (rows[name].data for name in ("alice", "bob", "carol"))
    assert (alice["password_enabled"], alice["mfa_active"], alice["administrator"]) == (
        True,
        False,
        True,
    )
    assert bob["active_access_keys"] == 2
    assert carol["mfa_active"] is True
    assert everything["aws.iam.credential_report_row"].facts["summary_users"] == 3


def test_identity_policies(everything: Mapping[str, Observation]) -> None:
    policies = by("name", everything["aws.iam.policy"])
    assert policies["all"].data["full_access"] is True
    assert policies["all"].data["holder"] == f"arn:aws:iam::{ACCOUNT}:group/admins"
    assert policies["everything"].data["attached"] is False
    assert policies["reading"].data["full_access"] is False
    assert policies["reading"].data["attached_to"] == [f"arn:aws:iam::{ACCOUNT}:user/carol"]
    assert everything["aws.iam.policy"].facts["summary_customer_policies"] == 2


def test_account_wide_identity(everything: Mapping[str, Observation]) -> None:
    [summary] = everything["aws.iam.account_summary"].resources
    assert summary.data["users"] == 3
    assert summary.data["root_access_keys_present"] is False
    assert summary.data["root_virtual_mfa_devices"] == []
    [policy] = everything["aws.iam.password_policy"].resources
    assert (policy.data["minimum_length"], policy.data["reuse_prevention"]) == (14, 24)
    [device] = everything["aws.iam.virtual_mfa_device"].resources
    assert device.data["root"] is False


def test_no_password_policy_is_an_answer(empty_aws: str) -> None:
    names = ["aws.iam.password_policy", "aws.s3.account_public_access_block", "aws.s3.bucket"]
    found = read(empty_aws, names)
    [policy] = found["aws.iam.password_policy"].resources
    assert (policy.data["present"], policy.data["minimum_length"]) == (False, None)
    [block] = found["aws.s3.account_public_access_block"].resources
    assert block.data["block_public_acls"] is False
    assert found["aws.s3.bucket"].resources == ()
    assert found["aws.s3.bucket"].gaps == ()
    for observation in found.values():
        assert all(call.ok for call in observation.calls)


def test_buckets(everything: Mapping[str, Observation]) -> None:
    buckets = by("name", everything["aws.s3.bucket"])
    opened, safe = buckets["open-bucket"].data, buckets["safe-bucket"].data
    # moto's ListBuckets lacks BucketRegion, which AWS gives with MaxBuckets: it is asked for.
    assert buckets["american-bucket"].data["region"] == "us-east-1"
    assert (opened["acl_public"], safe["acl_public"]) == (True, False)
    assert (opened["denies_plain_http"], safe["denies_plain_http"]) == (False, True)
    assert (opened["versioning"], safe["versioning"]) == ("Disabled", "Enabled")
    assert (safe["object_lock"], safe["lock_mode"], safe["lock_days"]) == (True, "COMPLIANCE", 365)
    assert (opened["object_lock"], opened["lock_days"]) == (False, None)
    assert safe["encryption_algorithm"] == "aws:kms"
    assert safe["tags"] == {"class": "confidential"}
    assert opened["tags"] == {}
    rules = safe["lifecycle_rules"]
    assert isinstance(rules, list)
    assert [(rule["id"], rule["enabled"], rule["whole_bucket"]) for rule in rules] == [
        ("old", True, True),
        ("drafts", False, False),
    ]


def test_keys(everything: Mapping[str, Observation]) -> None:
    keys = by("description", everything["aws.kms.key"])
    assert keys["rotating"].data["rotation_enabled"] is True
    assert keys["rotating"].data["aliases"] == ["alias/data"]
    assert keys["doomed"].data["state"] == "PendingDeletion"
    assert keys["doomed"].data["deletion_at"] is not None
    assert keys["signing"].data["rotation_enabled"] is None
    assert keys["rotating"].data["policy"]


def test_trails(everything: Mapping[str, Observation]) -> None:
    # A multi-region trail shows in both regions that are read, and is one trail.
    trails = by("name", everything["aws.cloudtrail.trail"])
    assert len(everything["aws.cloudtrail.trail"].resources) == 2
    good, bad = trails["everything"].data, trails["silent"].data
    for fact in (
        "multi_region",
        "logging",
        "log_validation",
        "management_read",
        "s3_data_read_all",
    ):
        assert (good[fact], bad[fact]) == (True, False), fact
    assert (good["bucket_acl_public"], bad["bucket_acl_public"]) == (False, True)
    assert (good["bucket_expires_after_days"], bad["bucket_expires_after_days"]) == (400, None)
    assert (good["bucket_object_lock"], bad["bucket_object_lock"]) == (True, False)


def test_databases(everything: Mapping[str, Observation]) -> None:
    instances = by("name", everything["aws.rds.instance"])
    good, bad = instances["good"].data, instances["bad"].data
    for fact in ("encrypted", "multi_az", "deletion_protection", "force_tls"):
        assert good[fact] is True, fact
        assert bad[fact] in {False, None}, fact  # moto's default parameter groups are empty
    assert (good["publicly_accessible"], bad["publicly_accessible"]) == (False, True)
    assert (good["backup_retention_days"], bad["backup_retention_days"]) == (30, 0)
    assert good["exported_logs"] == ["postgresql"]
    [cluster] = everything["aws.rds.cluster"].resources
    assert cluster.data["members"] == []
    assert cluster.unread["force_tls"].cause is Cause.VANISHED


def test_networks(everything: Mapping[str, Observation]) -> None:
    groups = by("name", everything["aws.ec2.security_group"])
    rules = groups["open"].data["rules"]
    assert isinstance(rules, list)
    ingress = [rule for rule in rules if rule["direction"] == "ingress"]
    assert [rule["from_port"] for rule in ingress] == [22, 5432]
    assert set(ingress[0]["cidrs"]) == {"0.0.0.0/0", "::/0"}
    assert groups["open"].data["world_ports"] == [
        {"protocol": "tcp", "from_port": 22, "to_port": 22}
    ]
    assert groups["default"].data["default"] is True
    assert groups["default"].data["world_ports"] == []
    vpcs = by("cidr", everything["aws.ec2.vpc"])
    logs = vpcs["10.0.0.0/16"].data["flow_logs"]
    assert isinstance(logs, list)
    assert [log["active"] for log in logs] == [True]
    assert vpcs["172.31.0.0/16"].data["flow_logs"] == []


def test_storage_of_machines(everything: Mapping[str, Observation]) -> None:
    volumes = by("encrypted", everything["aws.ec2.volume"])
    assert volumes.keys() == {True, False}
    [snapshot] = everything["aws.ec2.snapshot"].resources
    assert snapshot.data["encrypted"] is False
    # moto ignores RestorableByUserIds and answers with every snapshot: here all are public.
    assert snapshot.data["public"] is True
    defaults = by("region", everything["aws.ec2.ebs_default"])
    assert defaults["us-east-1"].data["encrypted_by_default"] is True
    assert defaults["eu-west-1"].data["encrypted_by_default"] is False


def test_log_groups_of_every_page(everything: Mapping[str, Observation]) -> None:
    observation = everything["aws.logs.log_group"]
    groups = by("name", observation)
    assert len(observation.resources) == LOG_GROUPS
    assert groups["/app/000"].data["retention_days"] == 400
    assert groups["/app/001"].data["retention_days"] is None
    listing = next(call for call in observation.calls if call.items == LOG_GROUPS)
    assert listing.pages == 2
