"""Answers that are AWS's in form and lack something: the item or field concerned, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.caller import Caller, Request
from auditor.collectors.aws.lists import list_items
from auditor.collectors.aws.loader import CollectedType, parse_catalogue
from auditor.collectors.aws.session import Account, Clients
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.interface import CollectionContext, Collector
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from auditor.errors import ConfigError
from tests.services.aws.faults import Answer, Asked, FaultProxy, Rule, denied, html_500
from tests.services.aws.reading import REGIONS, ask_who, by, read, target_at
from tests.services.aws.server import ACCOUNT

pytestmark = pytest.mark.service

_REPORT = """
service: iam
types:
  aws.iam.row:
    title: Row
    scope: global
    list:
      prepare:
        operation: GenerateCredentialReport
        path: State
        until: NEVER
        attempts: 2
        delay_s: 0
      operation: GetCredentialReport
      items: Content
      rows: credential_report
    key: arn
    fields: {arn: {path: arn, type: string}}
"""
_KEYS = """
service: kms
types:
  aws.kms.thing:
    title: Thing
    scope: regional
    list: {operation: ListKeys, items: Keys}
    key: id
    uid: "{KeyArn}"
    fields:
      id: {path: KeyId, type: string}
"""


def _type(text: str) -> CollectedType:
    [collected] = parse_catalogue({"_shapes.yaml": "shapes: {}", "x.yaml": text}).values()
    return collected


@contextmanager
def _caller(url: str) -> Iterator[Caller]:
    clients = Clients(AwsSettings(endpoint_url=url, max_attempts=1), 10.0)
    try:
        yield Caller(clients, lambda: datetime.now(UTC))
    finally:
        clients.close()


def _read(aws: str, name: str, *rules: Rule) -> Observation:
    with FaultProxy(aws, rules) as url:
        return read(url, [name])[name]


def test_an_item_without_its_key_is_a_gap_and_the_others_are_read(aws: str) -> None:
    def without_first_arn(body: bytes) -> bytes:
        return re.sub(rb'"KeyArn": ?"[^"]*", ?', b"", body, count=1)

    rule = Rule(operation="ListKeys", region=REGIONS[0], edit=without_first_arn)
    whole = read(aws, ["aws.kms.key"])["aws.kms.key"]
    observation = _read(aws, "aws.kms.key", rule)
    [gap] = observation.gaps
    assert (gap.cause, gap.subject, gap.action) == (Cause.UNPARSABLE, REGIONS[0], "kms:ListKeys")
    assert "item 1 of ListKeys" in gap.detail
    assert len(observation.resources) == len(whole.resources) - 1


def test_an_item_without_its_immutable_id_is_a_gap(aws: str) -> None:
    def without_arns(body: bytes) -> bytes:
        return re.sub(rb'"KeyArn": ?"[^"]*", ?', b"", body)

    account = Account("arn:aws:iam::1:user/x", ACCOUNT, "aws")
    rule = Rule(operation="ListKeys", edit=without_arns)
    with FaultProxy(aws, [rule]) as url, _caller(url) as caller:
        listing = list_items(_type(_KEYS), account, REGIONS[0], caller)
    assert listing.drafts == []
    assert {gap.cause for gap in listing.gaps} == {Cause.UNPARSABLE}


def test_a_report_that_is_never_ready_is_a_gap(aws: str) -> None:
    account = Account("arn:aws:iam::1:user/x", ACCOUNT, "aws")
    with _caller(aws) as caller:
        listing = list_items(_type(_REPORT), account, REGIONS[0], caller)
    [gap] = listing.gaps
    assert (gap.cause, gap.action) == (Cause.TIMEOUT, "iam:GenerateCredentialReport")
    assert len(listing.calls) == 2
    assert listing.drafts == []


def test_a_missing_list_is_not_an_empty_one(aws: str) -> None:
    def renamed(body: bytes) -> bytes:
        return body.replace(b"logGroups", b"groups")

    observation = _read(
        aws, "aws.logs.log_group", Rule(operation="DescribeLogGroups", edit=renamed)
    )
    assert observation.resources == ()
    assert {gap.cause for gap in observation.gaps} == {Cause.UNPARSABLE}
    assert {gap.subject for gap in observation.gaps} == set(REGIONS)


def test_a_missing_field_is_unread_with_its_reason(aws: str) -> None:
    def unsaid(body: bytes) -> bytes:
        return body.replace(b"StorageEncrypted", b"StorageEnciphered")

    observation = _read(aws, "aws.rds.instance", Rule(operation="DescribeDBInstances", edit=unsaid))
    assert observation.gaps == ()
    for resource in observation.resources:
        assert resource.unread.keys() == {"encrypted"}
        assert resource.unread["encrypted"].cause is Cause.UNPARSABLE
        assert resource.unread["encrypted"].subject == resource.data["arn"]


def test_a_policy_that_is_none_is_unread(aws: str) -> None:
    def broken(_body: bytes) -> bytes:
        return b'{"Statement": ['

    rule = Rule(operation="GetBucketPolicy", containing="safe-bucket", edit=broken)
    buckets = by("name", _read(aws, "aws.s3.bucket", rule))
    assert buckets["safe-bucket"].unread.keys() == {"policy", "policy_open", "denies_plain_http"}
    assert buckets["safe-bucket"].data["has_policy"] is True
    assert buckets["open-bucket"].unread == {}


def test_an_item_that_names_nothing_to_ask_about_is_unread(aws: str) -> None:
    def without_group(body: bytes) -> bytes:
        empty = b"<DBParameterGroups></DBParameterGroups>"
        return re.sub(rb"<DBParameterGroups>.*?</DBParameterGroups>", empty, body, flags=re.DOTALL)

    rule = Rule(operation="DescribeDBInstances", edit=without_group)
    for resource in _read(aws, "aws.rds.instance", rule).resources:
        assert resource.unread.keys() == {"force_tls"}
        assert resource.data["parameter_groups"] == []


def test_a_region_that_may_not_be_asked_is_unread(aws: str) -> None:
    # Only asked where the list leaves the region out, as moto's does.
    rule = Rule(denied, operation="GetBucketLocation", containing="safe-bucket")
    buckets = by("name", _read(aws, "aws.s3.bucket", rule))
    assert buckets["safe-bucket"].unread.keys() == {"region"}
    assert buckets["safe-bucket"].unread["region"].action == "s3:GetBucketLocation"
    assert buckets["open-bucket"].data["region"] == "eu-west-1"


def test_an_answer_cut_off_in_the_middle_leaves_its_field_unread(aws: str) -> None:
    def cut_off(body: bytes) -> bytes:
        return body[:-5]

    rule = Rule(operation="GetBucketLocation", containing="safe-bucket", edit=cut_off)
    buckets = by("name", _read(aws, "aws.s3.bucket", rule))
    assert buckets["safe-bucket"].unread["region"].cause is Cause.UNPARSABLE


def test_an_independent_count_that_is_missing_is_a_gap(aws: str) -> None:
    def without_users(body: bytes) -> bytes:
        return body.replace(b"<key>Users</key>", b"<key>People</key>")

    observation = _read(
        aws, "aws.iam.user", Rule(operation="GetAccountSummary", edit=without_users)
    )
    [gap] = observation.gaps
    assert (gap.cause, gap.subject) == (Cause.UNPARSABLE, "facts.summary_users")


@pytest.mark.parametrize("tag", [b"Arn", b"Account"])
def test_an_identity_without_its_parts_is_a_gap(aws: str, tag: bytes) -> None:
    def without(body: bytes) -> bytes:
        return re.sub(b"<" + tag + b">.*?</" + tag + b">", b"", body)

    with FaultProxy(aws, [Rule(operation="GetCallerIdentity", edit=without)]) as url:
        gap = ask_who(url).gap
    assert gap is not None
    assert gap.cause is Cause.UNPARSABLE


def test_regions_without_their_state_are_a_gap(aws: str) -> None:
    def without_state(body: bytes) -> bytes:
        return re.sub(rb"<optInStatus>.*?</optInStatus>", b"", body, count=1)

    with FaultProxy(aws, [Rule(operation="DescribeRegions", edit=without_state)]) as url:
        found = read(url, ["aws.ec2.vpc"], regions="enabled")["aws.ec2.vpc"]
    assert [gap.cause for gap in found.gaps] == [Cause.UNPARSABLE]
    assert found.resources == ()


def test_an_operation_that_the_stand_in_lacks_is_a_gap(aws: str) -> None:
    with FaultProxy(aws, [Rule(html_500, operation="GetKeyPolicy")]) as url:
        keys = read(url, ["aws.kms.key"])["aws.kms.key"]
    unread = [resource.unread.keys() for resource in keys.resources]
    assert {"policy"} in unread
    assert all(fields <= {"policy"} for fields in unread)


def test_answers_of_a_portal_in_between_are_not_aws_s(aws: str) -> None:
    def portal(asked: Asked) -> Answer:
        body = b"{}" if asked.protocol == "json" else b"<html><body>Sign in</body></html>"
        return Answer(200, body, "text/html")

    proxy = FaultProxy(aws, [Rule(portal, but=["sts"])])
    with proxy as url:
        found = read(url)
    for name, observation in found.items():
        assert observation.resources == (), name
        assert {gap.cause for gap in observation.gaps} == {Cause.UNPARSABLE}, name


def test_an_error_in_a_shared_request_reaches_everybody(aws: str) -> None:
    with _caller(aws) as caller:
        request = Request("kms", "eu-west-1", "NoSuchOperation")
        first, second = caller.shared(request), caller.shared(request)
    assert first is second
    assert first.gap is not None


def test_a_reader_that_stops_early_leaves_nothing_running(aws: str) -> None:
    collector: Collector = AwsCollector()
    proxy = FaultProxy(aws)
    with proxy as url, ThreadPoolExecutor(2) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor)
        found = collector.collect(target_at(url), list(collector.resource_types()), context)
        assert next(found).resource_type
        found.close()  # type: ignore[attr-defined] # an iterator that is a generator
        asked = len(proxy.seen)
        assert executor.submit(lambda: len(proxy.seen)).result() == asked


def test_wrong_settings_name_the_target(aws: str) -> None:
    with pytest.raises(ConfigError, match="target cloud"):
        ask_who(aws, account="twelve")
