"""IAM documents: exactly the actions, in every form, within AWS's limits."""

from __future__ import annotations

import json

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.grants import iam_documents


def actions_of(policies: list[dict[str, list[dict[str, list[str]]]]]) -> list[str]:
    return [action for p in policies for s in p["Statement"] for action in s["Action"]]


def test_the_policy_has_the_actions_once_and_sorted_by_service() -> None:
    documents = iam_documents(["s3:GetBucketAcl", "ec2:DescribeVpcs", "s3:GetBucketAcl"])
    policy = json.loads(documents["policy"])
    assert [s["Sid"] for s in policy["Statement"]] == ["ReadEc2", "ReadS3"]
    assert actions_of([policy]) == ["ec2:DescribeVpcs", "s3:GetBucketAcl"]
    assert {s["Effect"] for s in policy["Statement"]} == {"Allow"}


def test_what_is_too_long_for_one_policy_is_several() -> None:
    wanted = sorted(f"s{n}:DescribeSomethingWithAVeryLongName{n}" for n in range(200))
    documents = iam_documents(wanted)
    policies = json.loads(documents["policy"])
    assert len(policies) > 1
    assert actions_of(policies) == wanted
    assert all(len(json.dumps(p, separators=(",", ":"))) <= 6144 for p in policies)
    resources = json.loads(documents["cloudformation"])["Resources"]
    assert actions_of([r["Properties"]["PolicyDocument"] for r in resources.values()]) == wanted
    assert documents["terraform"].count('resource "aws_iam_policy"') == len(policies)


def test_the_collector_asks_for_what_its_types_need_and_no_more() -> None:
    collector = AwsCollector()
    types = collector.resource_types()
    policy = json.loads(collector.grants(["aws.kms.key"])["policy"])
    assert set(actions_of([policy])) == set(types["aws.kms.key"].permissions)
