"""What is not said, or said elsewhere: left out members, prefix lists, keys named by their ARN."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest

from auditor.core.model.observation import Observation, Resource
from auditor.core.model.status import Cause
from tests.services.aws.faults import Edit, FaultProxy, Rule, denied
from tests.services.aws.reading import by, read
from tests.services.aws.seed import KMS_KEY

pytestmark = pytest.mark.service
RDP = [{"protocol": "tcp", "from_port": 3389, "to_port": 3389}]


def _read(url: str, name: str, *rules: Rule) -> Observation:
    with FaultProxy(url, rules) as proxy:
        return read(proxy, [name])[name]


def _edited(operation: str, edit: Edit) -> Rule:
    return Rule(operation=operation, edit=edit)


def _nothing(_body: bytes) -> bytes:
    return b"{}"


def test_a_prefix_list_is_read_with_its_group(aws: str) -> None:
    observation = _read(aws, "aws.ec2.security_group")
    assert by("name", observation)["listed"].data["world_ports"] == RDP
    asked = [call.request for call in observation.calls if "PrefixList" in call.request]
    assert len(asked) == 1


def test_a_prefix_list_that_may_not_be_read_leaves_the_ports_unread(aws: str) -> None:
    rule = Rule(denied, operation="GetManagedPrefixListEntries")
    groups = by("name", _read(aws, "aws.ec2.security_group", rule))
    assert groups["listed"].unread.keys() == {"world_ports"}
    assert groups["listed"].unread["world_ports"].cause is Cause.DENIED
    assert groups["listed"].unread["world_ports"].action == "ec2:GetManagedPrefixListEntries"
    assert groups["open"].unread == {}


def test_a_prefix_list_without_entries_is_not_an_empty_one(aws: str) -> None:
    def renamed(body: bytes) -> bytes:
        return body.replace(b"entrySet", b"entries")

    rule = _edited("GetManagedPrefixListEntries", renamed)
    groups = by("name", _read(aws, "aws.ec2.security_group", rule))
    assert groups["listed"].unread["world_ports"].cause is Cause.UNPARSABLE


def test_an_item_without_its_rules_names_no_list_to_ask_for(aws: str) -> None:
    def renamed(body: bytes) -> bytes:
        return re.sub(rb"ipPermissions\b", b"permissions", body)

    found = _read(aws, "aws.ec2.security_group", _edited("DescribeSecurityGroups", renamed))
    for group in found.resources:
        assert group.unread.keys() == {"rules", "world_ports"}


def test_a_rotation_that_the_answer_leaves_out_is_unread(aws: str) -> None:
    rule = _edited("GetKeyRotationStatus", _nothing)
    keys = by("description", _read(aws, "aws.kms.key", rule))
    assert keys["rotating"].unread.keys() == {"rotation_enabled"}
    assert keys["rotating"].data["rotation_period_days"] is None
    assert keys["signing"].data["rotation_enabled"] is None


def _buckets(aws: str, edit: Edit) -> Mapping[object, Resource]:
    return by("name", _read(aws, "aws.s3.bucket", _edited("ListAliases", edit)))


def test_a_key_that_aws_manages_is_known_by_its_arn(aws: str) -> None:
    own, _, name = KMS_KEY.rpartition("/")

    def of_aws(body: bytes) -> bytes:
        alias = {
            "AliasName": "alias/aws/s3",
            "AliasArn": f"{own.removesuffix(':key')}:alias/aws/s3",
            "TargetKeyId": name,
        }
        answer = json.loads(body)
        return json.dumps(answer | {"Aliases": [*answer["Aliases"], alias]}).encode()

    fact = "encryption_key_aws_managed"
    assert _buckets(aws, lambda body: body)["safe-bucket"].data[fact] is False
    found = _buckets(aws, of_aws)
    assert found["safe-bucket"].data[fact] is True
    assert found["open-bucket"].data[fact] is False
    assert fact in _buckets(aws, _nothing)["safe-bucket"].unread
