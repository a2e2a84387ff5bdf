"""Facts about buckets, trails, networks, and the small steps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.collectors.aws.facts import FUNCTIONS, bucket, common, network, trail

_DATE = datetime(2027, 1, 1, tzinfo=UTC)
_EVERY = {"eventCategory": ["Data"], "resources.type": ["AWS::S3::Object"]}


def _advanced(equals: dict[str, list[str]], *more: dict[str, object]) -> dict[str, object]:
    fields = [{"Field": name, "Equals": values} for name, values in equals.items()]
    return {"AdvancedEventSelectors": [{"FieldSelectors": [*fields, *more]}]}


@pytest.mark.parametrize(
    ("constraint", "region"),
    [(None, "us-east-1"), ("", "us-east-1"), ("EU", "eu-west-1"), ("eu-north-1", "eu-north-1")],
)
def test_bucket_region(constraint: object, region: str) -> None:
    assert bucket.bucket_region(constraint) == region


def test_retention_in_days_and_years() -> None:
    assert bucket.retention_days(None) is None
    assert bucket.retention_days({"Mode": "COMPLIANCE", "Days": 30}) == 30
    assert bucket.retention_days({"Mode": "COMPLIANCE", "Years": 2}) == 730
    with pytest.raises(ValueError, match="neither"):
        bucket.retention_days({"Mode": "COMPLIANCE"})


def test_public_access_block_needs_every_switch() -> None:
    four = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    assert all(bucket.public_access_block(four).values())
    del four["RestrictPublicBuckets"]
    with pytest.raises(ValueError, match="RestrictPublicBuckets"):
        bucket.public_access_block(four)


def test_public_access_lists() -> None:
    everybody = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}}
    owner = {"Grantee": {"ID": "abc"}}
    assert bucket.acl_public([owner, everybody])
    assert not bucket.acl_public([owner])
    with pytest.raises(ValueError, match="Grants"):
        bucket.acl_public(None)


def test_lifecycle_rules_and_the_shortest() -> None:
    rules = [
        {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 90}},
        {"Status": "Enabled", "Filter": {"And": {"Prefix": "x/", "Tags": [{"Key": "k"}]}},
         "Expiration": {"Days": 30},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 5, "NewerNoncurrentVersions": 100}},
        {"Status": "Disabled", "Prefix": "", "Expiration": {"Days": 1}},
        {"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}},
    ]  # fmt: skip
    plain = bucket.lifecycle_rules(rules)
    assert [rule["whole_bucket"] for rule in plain] == [True, False, True, True]
    assert (plain[1]["prefix"], plain[1]["noncurrent_expiration_days"]) == ("x/", 5)
    assert [rule["noncurrent_versions_kept"] for rule in plain] == [None, 100, None, None]
    assert plain[3]["abort_upload_days"] == 2
    assert bucket.shortest_expiry_days(rules) == 30
    dated = {"Status": "Enabled", "Expiration": {"Date": _DATE}}
    assert bucket.shortest_expiry_days([*rules, dated]) == 0
    assert bucket.shortest_expiry_days([]) is None


@pytest.mark.parametrize(
    ("selector", "read", "write"),
    [
        ({"ReadWriteType": "All"}, True, True),
        ({"ReadWriteType": "ReadOnly"}, True, False),
        ({"ReadWriteType": "WriteOnly"}, False, True),
        ({"ReadWriteType": "All", "IncludeManagementEvents": False}, False, False),
    ],
)
def test_basic_management_events(selector: dict[str, object], read: bool, write: bool) -> None:  # noqa: FBT001
    answer = {"EventSelectors": [selector]}
    assert (trail.management_read(answer), trail.management_write(answer)) == (read, write)


def test_advanced_management_events() -> None:
    every = _advanced({"eventCategory": ["Management"]})
    assert trail.management_read(every)
    assert trail.management_write(every)
    reading = _advanced({"eventCategory": ["Management"], "readOnly": ["true"]})
    assert (trail.management_read(reading), trail.management_write(reading)) == (True, False)
    some = _advanced({"eventCategory": ["Management"], "eventName": ["RunInstances"]})
    assert not trail.management_read(some)
    source: dict[str, object] = {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}
    but_kms = _advanced({"eventCategory": ["Management"]}, source)
    assert trail.management_read(but_kms)
    assert trail.management_excluded_sources(but_kms) == ["kms.amazonaws.com"]
    assert trail.management_excluded_sources(some) == []


def test_what_one_selector_excludes_another_may_record() -> None:
    answer = {
        "EventSelectors": [
            {"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com"]},
            {"ReadWriteType": "All", "ExcludeManagementEventSources": []},
        ]
    }
    assert trail.management_excluded_sources(answer) == []


@pytest.mark.parametrize("arn", ["arn:aws:s3", "arn:aws:s3:::", "arn:aws-us-gov:s3:::"])
def test_every_bucket_by_basic_selectors(arn: str) -> None:
    resource = {"Type": "AWS::S3::Object", "Values": [arn]}
    answer = {"EventSelectors": [{"ReadWriteType": "WriteOnly", "DataResources": [resource]}]}
    assert (trail.s3_data_read_all(answer), trail.s3_data_write_all(answer)) == (False, True)


def test_data_events_of_some_buckets() -> None:
    other = {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}
    one = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}
    answer = {"EventSelectors": [{"ReadWriteType": "All", "DataResources": [other, one]}]}
    assert trail.s3_data_events(answer) == [
        {"arn_prefix": "arn:aws:s3:::b/", "read": True, "write": True, "narrowed": False}
    ]
    assert not trail.s3_data_read_all(answer)


def test_advanced_data_events() -> None:
    assert trail.s3_data_read_all(_advanced(_EVERY))
    assert not trail.s3_data_write_all(_advanced(_EVERY | {"readOnly": ["true"]}))
    arn: dict[str, object] = {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/"]}
    assert not trail.s3_data_read_all(_advanced(_EVERY, arn))
    without: dict[str, object] = {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::b/"]}
    [event] = trail.s3_data_events(_advanced(_EVERY, without))
    assert event["narrowed"] is True
    assert not trail.s3_data_read_all(_advanced(_EVERY, without))
    both = arn | {"Equals": ["arn:aws:s3:::b/one"]}
    assert {e["narrowed"] for e in trail.s3_data_events(_advanced(_EVERY, both))} == {True}
    written: dict[str, object] = {"Field": "readOnly", "NotEquals": ["true"]}
    assert not trail.s3_data_read_all(_advanced(_EVERY, written))
    assert not trail.management_read(_advanced({"eventCategory": ["Management"]}, written))
    other = _advanced({"eventCategory": ["Data"], "resources.type": ["AWS::Lambda::Function"]})
    assert trail.s3_data_events(other) == []


@pytest.mark.parametrize("answer", [{}, None, {"EventSelectors": [{"DataResources": 1}]}])
def test_selectors_that_are_not_there_are_not_none(answer: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        trail.management_read(answer)


def test_rules_of_a_security_group() -> None:
    group = {
        "IpPermissions": [
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "::/0"}],
             "PrefixListIds": [{"PrefixListId": "pl-1"}]},
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1},
        ],
        "IpPermissionsEgress": [],
    }  # fmt: skip
    everything, ssh, ping = network.security_group_rules(group)
    assert (everything["protocol"], everything["from_port"]) == ("all", None)
    assert everything["groups"] == ["sg-1"]
    assert (ssh["cidrs"], ssh["prefix_lists"]) == (["::/0"], ["pl-1"])
    assert ping["from_port"] is None


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"IpPermissions": []},
        {"IpPermissions": [{}], "IpPermissionsEgress": []},
        {
            "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "everywhere"}]}],
            "IpPermissionsEgress": [],
        },
    ],
)
def test_a_malformed_group_has_no_rules_to_judge(group: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        network.security_group_rules(group)


def test_flow_logs_by_network() -> None:
    logs = [
        {"ResourceId": "vpc-1", "FlowLogId": "fl-1", "FlowLogStatus": "ACTIVE",
         "TrafficType": "ALL", "DeliverLogsStatus": "FAILED", "LogGroupName": "g"},
    ]  # fmt: skip
    [log] = network.flow_logs_by_resource(logs)["vpc-1"]
    assert (log["active"], log["delivery_failed"], log["destination"]) == (True, True, "g")


def test_small_steps() -> None:
    assert common.tags(None) == {}
    assert common.tags([{"Key": "a", "Value": ""}]) == {"a": ""}
    assert common.tags_by_arn([{"ResourceARN": "x", "Tags": []}]) == {"x": {}}
    assert common.aliases_by_key(
        [
            {"AliasName": "alias/b", "TargetKeyId": "k"},
            {"AliasName": "alias/a", "TargetKeyId": "k"},
            {"AliasName": "alias/aws/none"},
        ]
    ) == {"k": ["alias/a", "alias/b"]}
    arn = "arn:aws:kms:eu-west-1:111122223333:"
    assert common.aws_managed_keys(
        [
            {"AliasName": "alias/b", "AliasArn": f"{arn}alias/b", "TargetKeyId": "k"},
            {"AliasName": "alias/aws/s3", "AliasArn": f"{arn}alias/aws/s3", "TargetKeyId": "m"},
            {"AliasName": "alias/aws/x", "AliasArn": f"{arn}alias/aws/x"},
        ]
    ).keys() == {
        "m", f"{arn}key/m", "alias/aws/s3", f"{arn}alias/aws/s3", "alias/aws/x",
        f"{arn}alias/aws/x",
    }  # fmt: skip
    assert common.presence(["a"]) == {"a": True}
    assert [common.positive(number) for number in (None, 0, 2)] == [None, False, True]
    assert common.epoch_ms(1500).isoformat() == "1970-01-01T00:00:01.500000+00:00"
    assert common.log_group_arn("arn:x:*") == "arn:x"
    assert (common.text_or_null(""), common.text_or_null("e")) == (None, "e")
    assert (common.is_enabled("Enabled"), common.is_default("default")) == (True, True)


@pytest.mark.parametrize(
    ("parameters", "forced"),
    [
        ([], None),
        ([{"name": "rds.force_ssl", "value": "1"}], True),
        ([{"name": "rds.force_ssl", "value": "0"}], False),
        ([{"name": "require_secure_transport", "value": "ON"}], True),
        ([{"name": "require_secure_transport", "value": None}], False),
    ],
)
def test_tls_of_a_parameter_group(parameters: object, forced: bool | None) -> None:  # noqa: FBT001
    assert common.force_tls(parameters) is forced


@pytest.mark.parametrize(
    "name",
    [
        "presence", "tags_by_arn", "aliases_by_key", "aws_managed_keys", "world_ports",
        "flow_logs_by_resource", "force_tls",
        "lifecycle_rules", "root_virtual_devices", "epoch_ms", "is_enabled", "policy_statements",
        "administrators", "identity_policies", "s3_data_events", "public_access_block",
    ],
)  # fmt: skip
def test_nothing_is_not_an_empty_answer(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        FUNCTIONS[name](None)


@pytest.mark.parametrize("number", ["1", True, 1.5])
def test_numbers_are_numbers(number: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        common.positive(number)
    with pytest.raises(ValueError, match="expected"):
        common.epoch_ms(number)
