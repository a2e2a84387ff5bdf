"""What S3 means by public, over many policies."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.aws.facts.bucket_policy import bucket_policy_public


def _policy(condition: object = None, **more: object) -> dict[str, Any]:
    own: dict[str, object] = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*",
    }  # fmt: skip
    own |= more
    return {"Statement": [own | ({"Condition": condition} if condition else {})]}


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}, "StringLike": {"aws:Referer": "*"}},
        {"StringLike": {"aws:Referer": "https://example.org/*"}},
        {"StringLike": {"aws:UserAgent": "secret"}},
        {"StringLike": {"aws:SourceVpce": "vpce-*"}},
        {"StringEquals": {"aws:SourceVpc": ["vpc-1", "${aws:username}"]}},
        {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}},
        {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/7"]}},
        {"IpAddress": {"aws:SourceIp": "2001::/31"}},
        {"IpAddress": {"aws:SourceIp": "everywhere"}},
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
        {"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:*:accesspoint/x"}},
        {"StringLike": {"aws:userid": "AROAEXAMPLE:*"}},
        {"StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/*"}},
        {"StringEquals": {"s3:prefix": "public/"}},
        {"StringEquals": {"aws:SourceVpc": []}},
    ],
)
def test_public(condition: Any) -> None:
    if condition and "aws:SourceVpce" in condition.get("StringEquals", {}):
        assert not bucket_policy_public(_policy(condition))  # both must hold
        return
    assert bucket_policy_public(_policy(condition))


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}},
        {"StringEquals": {"AWS:SourceAccount": "111122223333"}},
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8"]}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/*"}},
        {
            "StringLike": {
                "s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/*"
            }
        },
        {"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}},
        {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::example-logs"}},
        {"StringEquals": {"aws:userid": "AIDAEXAMPLE"}},
    ],
)
def test_tied_to_something_fixed(condition: object) -> None:
    assert not bucket_policy_public(_policy(condition))


@pytest.mark.parametrize(
    ("principal", "public"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ["111122223333", "*"]}, True),
        ({"AWS": "arn:aws:iam::111122223333:root"}, False),
        ({"Service": "cloudfront.amazonaws.com"}, False),
        ({"CanonicalUser": "75aa57f09aa0c8caeab4f8c24e99d10f"}, False),
    ],
)
def test_principals(principal: object, *, public: bool) -> None:
    assert bucket_policy_public(_policy(Principal=principal)) is public


def test_everybody_but_some_and_denies() -> None:
    but = _policy(NotPrincipal={"AWS": "111122223333"})
    del but["Statement"][0]["Principal"]
    assert bucket_policy_public(but)
    assert not bucket_policy_public(_policy(Effect="Deny"))


def test_one_statement_is_enough() -> None:
    tied = _policy({"StringEquals": {"aws:SourceVpc": "vpc-1"}})["Statement"]
    assert bucket_policy_public({"Statement": [*tied, *_policy()["Statement"]]})


def test_what_is_no_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="policy"):
        bucket_policy_public("{")
