"""CloudFormation templates: functions, parameters, conditions, and what only a deployment knows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.aws.declared.cloudformation import parse_template
from auditor.collectors.aws.declared.hidden import Hidden
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.unit.collectors.aws.declared.plans import BUCKET, GROUP, only, read

TEMPLATE = """
Parameters:
  Name: {Type: String, Default: shop-data}
  Stage: {Type: String, Default: prod}
  Later: {Type: String}
  Token: {Type: String, NoEcho: true, Default: not-to-be-kept}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Open: !Not [!Condition Prod]
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Name}-${Stage}"
      VersioningConfiguration: {Status: !If [Prod, Enabled, Suspended]}
      PublicAccessBlockConfiguration:
        BlockPublicAcls: "true"
        IgnorePublicAcls: true
        BlockPublicPolicy: true
        RestrictPublicBuckets: true
      AccessControl: PublicRead
      LoggingConfiguration: {DestinationBucketName: !Ref Later}
      Tags: [{Key: purpose, Value: !FindInMap [Purposes, all, data]}]
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Data
      PolicyDocument:
        Statement: {Effect: Deny, Principal: "*", Action: "s3:*", Resource: !Sub "${Data.Arn}/*"}
  Never: {Type: AWS::S3::Bucket, Condition: Open}
Mappings: {Purposes: {all: {data: log}}}
"""


def _read(folder: Path, text: str, *types: str, **settings: object) -> dict[str, Observation]:
    path = folder / "template.yaml"
    path.write_text(text)
    return read(path, *types, **settings)


def test_what_a_template_tells_is_read_and_the_rest_is_known_after_deployment(
    tmp_path: Path,
) -> None:
    bucket = only(_read(tmp_path, TEMPLATE, BUCKET)[BUCKET])
    assert bucket.data["arn"] == "Data"
    assert bucket.data["name"] == "shop-data-prod"
    assert bucket.data["versioning"] == "Enabled"
    assert bucket.data["public_access_block"] == dict.fromkeys(
        ("block_public_acls", "ignore_public_acls", "block_public_policy",
         "restrict_public_buckets"), True,
    )  # fmt: skip
    assert bucket.data["acl_public"] is True
    assert bucket.data["tags"] == {"purpose": "log"}
    assert bucket.data["has_policy"] is True
    for field in ("policy", "policy_public", "denies_plain_http", "logging_bucket"):
        assert bucket.unread[field].cause is Cause.KNOWN_AFTER_APPLY


def test_parameters_of_the_settings_stand_before_defaults(tmp_path: Path) -> None:
    given_ = {"Stage": "test", "Later": "logs"}
    found = _read(tmp_path, TEMPLATE, BUCKET, parameters=given_)[BUCKET].resources
    data = next(one.data for one in found if one.data["arn"] == "Data")
    assert (data["versioning"], data["logging_bucket"], len(found)) == ("Suspended", "logs", 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: [", "it is neither JSON nor YAML"),
        ("[]", "expected one document"),
        ("Outputs: {}", "Resources: missing or empty"),
        ("AWSTemplateFormatVersion: 2020\nResources: {a: {Type: x}}", "AWSTemplateFormatVersion"),
        ("Resources: {a: {Properties: {}}}", "Resources.a: expected a mapping with Type"),
        ("Resources: {a: {Type: x, Properties: {b: !Ref No}}}", "Resources.a: Ref: there is no"),
        ("Resources: {a: {Type: x, Condition: Nope}}", "Conditions: there is no 'Nope'"),
        ("Transform: AWS::Serverless-2016-10-31\nResources: {a: {Type: x}}", "Transform"),
        ("Resources: {a: {Type: 'AWS::CloudFormation::Stack'}}", "what a AWS::CloudFormation"),
        ("Resources: {'Fn::ForEach::x': [], a: {Type: x}}", "Fn::ForEach"),
        ("Resources: {a: {Type: x, Properties: {b: !Select [9, [c]]}}}", "Fn::Select"),
    ],
)
def test_each_fault_of_a_template_is_a_gap_that_names_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    gaps = _read(tmp_path, text, BUCKET)[BUCKET].gaps
    assert any(said in gap.detail for gap in gaps if not gap.subject), gaps


def test_a_condition_that_is_not_known_is_a_gap_and_no_resource(tmp_path: Path) -> None:
    text = TEMPLATE.replace("!Equals [!Ref Stage, prod]", "!Equals [!Ref Later, prod]")
    found = _read(tmp_path, text, BUCKET)[BUCKET]
    assert Cause.KNOWN_AFTER_APPLY in {gap.cause for gap in found.gaps}
    assert {one.data["arn"] for one in found.resources} == {"Data"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Join ['-', [a, !Ref Name]]", "a-shop-data"),
        ("!Select [1, !Split [',', 'a,b']]", "b"),
        ("!Base64 a", "YQ=="),
        ("!If [Prod, !Ref AWS::NoValue, x]", None),
        ("!Sub ['${x}-${!y}', {x: 1}]", "1-${y}"),
        ("!GetAtt Data.Arn", Cause.KNOWN_AFTER_APPLY),
        ("!ImportValue other", Cause.KNOWN_AFTER_APPLY),
        ("!Ref AWS::Region", Cause.KNOWN_AFTER_APPLY),
        ("!Ref Token", Cause.SECRET),
        ("'{{resolve:ssm:name}}'", Cause.KNOWN_AFTER_APPLY),
    ],
)
def test_functions(expression: str, value: object) -> None:
    text = TEMPLATE.replace("Purposes: {all", "Unused: {all").replace(
        "!FindInMap [Purposes, all, data]", expression
    )
    document = parse_template(text, {}, None, None)
    [bucket] = [one for one in document.blocks if one.address == "Data"]
    tags: Any = bucket.values["Tags"]
    found = tags[0].get("Value")
    assert (found.cause if isinstance(found, Hidden) else found) == value


def test_and_and_or_are_decided_by_what_is_known() -> None:
    conditions = {
        "Yes": {"Fn::Or": [{"Fn::Equals": [{"Ref": "Later"}, "x"]}, {"Fn::Equals": ["a", "a"]}]},
        "No": {"Fn::And": [{"Fn::Equals": [{"Ref": "Later"}, "x"]}, {"Fn::Equals": ["a", "b"]}]},
    }
    template = {
        "Parameters": {"Later": {"Type": "String"}},
        "Conditions": conditions,
        "Resources": {name: {"Type": "x", "Condition": name} for name in conditions},
    }
    document = parse_template(yaml.safe_dump(template), {}, None, None)
    assert [block.address for block in document.blocks] == ["Yes"]
    assert document.gaps == []


def test_rules_beside_a_group_open_it(tmp_path: Path) -> None:
    text = """
Resources:
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: "443", ToPort: 443, CidrIp: 0.0.0.0/0}]
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      {GroupId: !GetAtt Web.GroupId, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIpv6: "::/0"}
"""
    group = only(_read(tmp_path, text, GROUP)[GROUP])
    assert group.data["world_ports"] == [
        {"protocol": "tcp", "from_port": port, "to_port": port} for port in (22, 443)
    ]


def test_a_secret_of_a_template_is_not_kept(tmp_path: Path) -> None:
    text = TEMPLATE.replace(
        "DestinationBucketName: !Ref Later", "DestinationBucketName: !Ref Token"
    )
    found = _read(tmp_path, text, BUCKET)[BUCKET]
    assert only(found).unread["logging_bucket"].cause is Cause.SECRET
    assert "not-to-be-kept" not in str(found.to_json())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("Data"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Ref", "Fn::Sub", "Fn::If", "Fn::GetAtt", "Fn::Join", "Fn::Select", "Type",
                         "Fn::Equals", "Fn::FindInMap", "Condition", "Properties", "Fn::And", "a"]),
        inner, max_size=3,
    ),
    max_leaves=15,
)  # fmt: skip


@given(VALUES, VALUES, VALUES)
def test_any_yaml_is_a_document_or_a_value_error(one: Any, two: Any, three: Any) -> None:
    template = {
        "Parameters": {"p": one},
        "Conditions": {"c": two},
        "Resources": {
            "Data": {"Type": "x", "Condition": "c", "Properties": {"a": three}},
            "b": one,
        },
    }
    with suppress(ValueError):
        assert parse_template(yaml.safe_dump(template), {}, None, None).blocks is not None
