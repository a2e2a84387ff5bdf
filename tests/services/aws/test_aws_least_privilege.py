"""The policy that `doctor --permissions aws` prints is enough, and nothing more is allowed by it.

moto enforces IAM policies once a number of requests has been made. It refuses requests of S3
Control whatever is allowed, so S3 and what reads it are left out here; `test_aws_reading` compares
their calls with the actions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from auditor.collectors.aws import AwsCollector
from auditor.core.model.status import Cause
from tests.services.aws.reading import read
from tests.services.aws.seed import SEEDED
from tests.services.aws.server import moto_server

pytestmark = pytest.mark.service
SETUP_CALLS = 4
TYPES = [name for name in SEEDED if not name.startswith(("aws.s3.", "aws.cloudtrail."))]


@pytest.fixture
def enforcing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A stand-in that asks IAM from the fifth request on."""
    monkeypatch.setenv("INITIAL_NO_AUTH_ACTION_COUNT", str(SETUP_CALLS))
    with moto_server(tmp_path / "moto.log") as url:
        yield url


def reader_of(url: str, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Become a user who has this policy and no other; makes exactly SETUP_CALLS requests."""
    iam: Any = boto3.client("iam", endpoint_url=url, region_name="us-east-1")
    iam.create_user(UserName="reader")
    made = iam.create_policy(PolicyName="reader", PolicyDocument=policy)
    iam.attach_user_policy(UserName="reader", PolicyArn=made["Policy"]["Arn"])
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def test_the_printed_policy_is_enough(enforcing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader_of(enforcing, AwsCollector().grants(TYPES)["policy"], monkeypatch)
    for name, observation in read(enforcing, TYPES).items():
        denied = [gap for gap in observation.gaps if gap.cause is Cause.DENIED]
        denied += [
            gap
            for resource in observation.resources
            for gap in resource.unread.values()
            if gap.cause is Cause.DENIED
        ]
        assert denied == [], name


def test_without_one_action_exactly_its_type_is_denied(
    enforcing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = json.loads(AwsCollector().grants(TYPES)["policy"])
    for statement in policy["Statement"]:
        if "ec2:DescribeVolumes" in statement["Action"]:
            statement["Action"].remove("ec2:DescribeVolumes")
    reader_of(enforcing, json.dumps(policy), monkeypatch)
    found = read(enforcing, TYPES)
    lacking = {
        n: {gap.action for gap in o.gaps if gap.cause is Cause.DENIED} for n, o in found.items()
    }
    assert {name for name, actions in lacking.items() if actions} == {"aws.ec2.volume"}
    assert lacking["aws.ec2.volume"] == {"ec2:DescribeVolumes"}
