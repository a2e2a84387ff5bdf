"""Every fault gives gaps and unread fields on exactly the resources concerned, never a value."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from auditor.collectors.aws import AwsCollector
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.services.aws.faults import (
    Fault,
    FaultProxy,
    Rule,
    denied,
    dropped,
    expired,
    garbage,
    gone,
    html_500,
    throttled,
)
from tests.services.aws.reading import REGIONS, ask_who, by, read
from tests.services.aws.seed import LOG_GROUPS
from tests.services.aws.server import CREDENTIALS

pytestmark = pytest.mark.service

BUCKET = "aws.s3.bucket"
POLICY_FIELDS = {"has_policy", "policy", "policy_open", "denies_plain_http"}


def _read(aws: str, names: list[str], *rules: Rule, **settings: Any) -> dict[str, Observation]:
    with FaultProxy(aws, rules) as url:
        return dict(read(url, names, **settings))


def test_everything_denied_but_the_identity(aws: str) -> None:
    found = _read(aws, [], Rule(denied, but=["sts"]))
    assert len(found) == len(AwsCollector().resource_types())
    for name, observation in found.items():
        assert observation.resources == (), name
        assert {gap.cause for gap in observation.gaps} == {Cause.DENIED}, name
        permissions = AwsCollector().resource_types()[name].permissions
        assert {gap.action for gap in observation.gaps} <= set(permissions), name
        assert all(gap.action in gap.hint for gap in observation.gaps), name


def test_identity_denied_is_a_gap_on_every_type(aws: str) -> None:
    found = _read(aws, [], Rule(denied))
    for observation in found.values():
        [gap] = observation.gaps
        assert (gap.cause, gap.action) == (Cause.DENIED, "sts:GetCallerIdentity")
        assert observation.identity == ""


def test_preflight_says_why(aws: str) -> None:
    with FaultProxy(aws, [Rule(denied)]) as url:
        preflight = ask_who(url)
    assert preflight.gap is not None
    assert preflight.gap.cause is Cause.DENIED


def test_one_operation_denied_leaves_its_fields_unread(aws: str) -> None:
    observation = _read(aws, [BUCKET], Rule(denied, operation="GetBucketPolicy"))[BUCKET]
    assert observation.gaps == ()
    assert len(observation.resources) == 3
    for resource in observation.resources:
        assert resource.unread.keys() == POLICY_FIELDS
        assert not POLICY_FIELDS & resource.data.keys()
        gap = resource.unread["policy"]
        assert (gap.cause, gap.action) == (Cause.DENIED, "s3:GetBucketPolicy")
        assert gap.subject == resource.data["arn"]


def test_one_operation_denied_on_one_resource(aws: str) -> None:
    rule = Rule(denied, operation="GetBucketEncryption", containing="safe-bucket")
    buckets = by("name", _read(aws, [BUCKET], rule)[BUCKET])
    assert buckets["safe-bucket"].unread.keys() == {
        "encryption_algorithm",
        "encryption_key",
        "encryption_key_aws_managed",
        "bucket_key_enabled",
    }
    assert buckets["open-bucket"].unread == {}
    assert buckets["american-bucket"].unread == {}


def test_an_unread_condition_does_not_skip_the_call_that_depends_on_it(aws: str) -> None:
    proxy = FaultProxy(aws, [Rule(denied, operation="GetBucketVersioning")])
    with proxy as url:
        buckets = by("name", read(url, [BUCKET])[BUCKET])
    asked = [seen for seen in proxy.seen if seen.operation == "GetObjectLockConfiguration"]
    assert len(asked) == 3
    assert buckets["safe-bucket"].data["object_lock"] is True


def test_throttled_until_the_retries_end(aws: str) -> None:
    proxy = FaultProxy(aws, [Rule(throttled, operation="ListKeys", region=REGIONS[0])])
    with proxy as url:
        observation = read(url, ["aws.kms.key"], max_attempts=2)["aws.kms.key"]
    [gap] = observation.gaps
    assert (gap.cause, gap.subject, gap.action) == (Cause.THROTTLED, REGIONS[0], "kms:ListKeys")
    attempts = [
        seen for seen in proxy.seen if (seen.operation, seen.region) == ("ListKeys", REGIONS[0])
    ]
    assert len(attempts) == 2


def test_throttled_once_is_retried(aws: str) -> None:
    names = ["aws.iam.password_policy"]
    rule = Rule(throttled, operation="GetAccountPasswordPolicy", first=1)
    found = _read(aws, names, rule, max_attempts=3)["aws.iam.password_policy"]
    assert found.gaps == ()
    assert len(found.resources) == 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (denied, Cause.DENIED),
        (dropped, Cause.UNREACHABLE),
        (garbage, Cause.UNPARSABLE),
    ],
)
def test_second_page_fails_and_the_first_is_kept(aws: str, fault: Fault, cause: Cause) -> None:
    rule = Rule(fault, operation="DescribeLogGroups", containing="nextToken")
    observation = _read(aws, ["aws.logs.log_group"], rule)["aws.logs.log_group"]
    assert len(observation.resources) == 50
    [gap] = observation.gaps
    assert (gap.cause, gap.subject) == (cause, REGIONS[0])
    assert gap.detail.startswith("after 1 page")
    listing = next(call for call in observation.calls if call.items == 50)
    assert (listing.ok, listing.more) == (False, True)


def test_a_token_that_comes_back_ends_as_truncated(aws: str) -> None:
    def same_token(body: bytes) -> bytes:
        return re.sub(rb'"nextToken": ?("[^"]*"|null)', b'"nextToken": "again"', body)

    rule = Rule(operation="DescribeLogGroups", region=REGIONS[0], edit=same_token)
    observation = _read(aws, ["aws.logs.log_group"], rule)["aws.logs.log_group"]
    [gap] = observation.gaps
    assert (gap.cause, gap.subject) == (Cause.TRUNCATED, REGIONS[0])
    assert len(observation.resources) >= LOG_GROUPS - 50


def test_more_without_a_token_is_truncated(aws: str) -> None:
    def cut(body: bytes) -> bytes:
        return body.replace(b'"Truncated": false', b'"Truncated": true')

    observation = _read(aws, ["aws.kms.key"], Rule(operation="ListKeys", edit=cut))["aws.kms.key"]
    assert {gap.cause for gap in observation.gaps} == {Cause.TRUNCATED}
    assert {gap.subject for gap in observation.gaps} == set(REGIONS)
    assert len(observation.resources) == 4  # three made, and moto's own for volumes


def test_one_region_down(aws: str) -> None:
    rule = Rule(dropped, region=REGIONS[1], but=["sts", "iam", "s3"])
    regional = ["aws.kms.key", "aws.ec2.volume", "aws.ec2.ebs_default", "aws.logs.log_group"]
    found = _read(aws, regional, rule)
    for observation in found.values():
        [gap] = observation.gaps
        assert (gap.cause, gap.subject) == (Cause.UNREACHABLE, REGIONS[1])
        assert {resource.data["region"] for resource in observation.resources} == {REGIONS[0]}
        assert observation.facts["regions"] == list(REGIONS)


@pytest.mark.parametrize(
    ("fault", "causes"),
    [
        (html_500, {Cause.UNPARSABLE}),
        (garbage, {Cause.UNPARSABLE}),
        (dropped, {Cause.UNREACHABLE}),
        (expired, {Cause.EXPIRED_CREDENTIALS}),
    ],
)
def test_a_strange_answer_is_a_gap_in_every_protocol(
    aws: str, fault: Fault, causes: set[Cause]
) -> None:
    found = _read(aws, [], Rule(fault, but=["sts"]))
    for name, observation in found.items():
        assert observation.resources == (), name
        assert observation.gaps, name
        assert {gap.cause for gap in observation.gaps} <= causes, name


def test_a_slow_answer_is_a_timeout(aws: str) -> None:
    rule = Rule(operation="GetAccountSummary", edit=_slow(1.5))
    with FaultProxy(aws, [rule]) as url:
        found = read(url, ["aws.iam.account_summary"], timeout_s=0.5)
    [gap] = found["aws.iam.account_summary"].gaps
    assert gap.cause is Cause.TIMEOUT


def _slow(seconds: float) -> Callable[[bytes], bytes]:
    def wait(body: bytes) -> bytes:
        threading.Event().wait(seconds)
        return body

    return wait


def test_bucket_deleted_between_list_and_describe(aws: str) -> None:
    rule = Rule(gone("NoSuchBucket"), containing="open-bucket", after=1)
    proxy = FaultProxy(aws, [rule])
    with proxy as url:
        buckets = by("name", read(url, [BUCKET])[BUCKET])
    opened = buckets["open-bucket"]
    assert {gap.cause for gap in opened.unread.values()} == {Cause.VANISHED}
    assert opened.data.keys() == {"account", "region", "arn", "name", "created_at"}
    assert buckets["safe-bucket"].unread == {}
    # Located, asked, asked once more, then left alone.
    assert len([seen for seen in proxy.seen if "open-bucket" in seen.text]) == 3


def test_bucket_that_shows_late_is_read_again(aws: str) -> None:
    rule = Rule(
        gone("NoSuchBucket"), operation="GetBucketPolicy", containing="safe-bucket", first=1
    )
    buckets = by("name", _read(aws, [BUCKET], rule)[BUCKET])
    assert buckets["safe-bucket"].unread == {}
    assert buckets["safe-bucket"].data["has_policy"] is True


def test_a_shared_answer_denied_leaves_its_fields_unread_everywhere(aws: str) -> None:
    rule = Rule(denied, operation="GetAccountAuthorizationDetails")
    names = ["aws.iam.credential_report_row", "aws.iam.user"]
    found = _read(aws, names, rule)
    for row in found["aws.iam.credential_report_row"].resources:
        assert row.unread.keys() == {"administrator", "administrator_reasons", "tags"}
    assert found["aws.iam.user"].resources == ()
    assert [gap.action for gap in found["aws.iam.user"].gaps] == [
        "iam:GetAccountAuthorizationDetails"
    ]


def test_public_snapshots_denied_are_not_private_snapshots(aws: str) -> None:
    rule = Rule(denied, operation="DescribeSnapshots", containing="RestorableBy")
    [snapshot] = _read(aws, ["aws.ec2.snapshot"], rule)["aws.ec2.snapshot"].resources
    assert snapshot.unread.keys() == {"public"}


def test_an_independent_count_denied_is_a_gap_and_an_absent_fact(aws: str) -> None:
    rule = Rule(denied, operation="GetAccountSummary")
    observation = _read(aws, ["aws.iam.user"], rule)["aws.iam.user"]
    [gap] = observation.gaps
    assert (gap.cause, gap.subject) == (Cause.DENIED, "facts.summary_users")
    assert "summary_users" not in observation.facts
    assert len(observation.resources) == 3


def test_a_missing_column_is_not_a_default(aws: str) -> None:
    def without_mfa(body: bytes) -> bytes:
        content = re.search(rb"<Content>(.*)</Content>", body, re.DOTALL)
        assert content
        changed = base64.b64decode(content[1]).replace(b"mfa_active", b"mfa")
        return body.replace(content[1], base64.b64encode(changed))

    rule = Rule(operation="GetCredentialReport", edit=without_mfa)
    name = "aws.iam.credential_report_row"
    observation = _read(aws, [name], rule)[name]
    assert observation.resources == ()
    [gap] = observation.gaps
    assert gap.cause is Cause.UNPARSABLE
    assert "mfa_active" in gap.detail


def test_a_report_in_the_making_is_asked_for_again(aws: str) -> None:
    def started(body: bytes) -> bytes:
        return body.replace(b"COMPLETE", b"INPROGRESS")

    rules = [
        Rule(operation="GenerateCredentialReport", edit=started, first=1),
    ]
    name = "aws.iam.credential_report_row"
    observation = _read(aws, [name], *rules)[name]
    requests = [call.request for call in observation.calls]
    assert requests.count("iam:GenerateCredentialReport") == 2
    assert observation.gaps == ()
    assert len(observation.resources) == 3


def test_regions_denied_leaves_global_types_readable(aws: str) -> None:
    rule = Rule(denied, operation="DescribeRegions")
    found = _read(aws, ["aws.ec2.volume", "aws.iam.password_policy"], rule, regions="enabled")
    [gap] = found["aws.ec2.volume"].gaps
    assert (gap.cause, gap.action) == (Cause.DENIED, "ec2:DescribeRegions")
    assert found["aws.iam.password_policy"].gaps == ()


def test_no_credentials(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        if "KEY" in name:
            monkeypatch.delenv(name)
    [gap] = read(aws, ["aws.s3.bucket"])["aws.s3.bucket"].gaps
    assert gap.cause is Cause.DENIED
    assert "profile" in gap.hint


def test_no_such_profile(aws: str) -> None:
    [gap] = read(aws, ["aws.s3.bucket"], profile="nobody")["aws.s3.bucket"].gaps
    assert gap.cause is Cause.DENIED
    assert "nobody" in gap.detail
    assert ask_who(aws, profile="nobody").gap is not None


def test_no_server_at_all() -> None:
    [gap] = read("http://127.0.0.1:9", ["aws.s3.bucket"])["aws.s3.bucket"].gaps
    assert gap.cause is Cause.UNREACHABLE
