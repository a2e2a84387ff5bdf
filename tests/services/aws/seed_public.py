"""Buckets that are public in every way there is, and ones that only look so."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.services.aws.seed import HOME, client
from tests.services.aws.server import ACCOUNT

OFF = {
    "BlockPublicAcls": False, "IgnorePublicAcls": False,
    "BlockPublicPolicy": False, "RestrictPublicBuckets": False,
}  # fmt: skip
ON = dict.fromkeys(OFF, True)
PRIVATE_ACCESS_POINTS = {"inside", "blocked"}


def _statement(bucket: str, **more: object) -> dict[str, object]:
    own = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }  # fmt: skip
    return {**own, **more}


def _not_principal(bucket: str) -> dict[str, object]:
    statement = _statement(bucket, NotPrincipal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    del statement["Principal"]
    return statement


# Ways to be public by a policy; each with every block off.
POLICIES: dict[str, Any] = {
    "policy-star": _statement,
    "policy-aws-star": lambda b: _statement(b, Principal={"AWS": "*"}),
    "policy-list": lambda b: _statement(
        b, Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "*"]}
    ),
    "policy-not-principal": _not_principal,
    "policy-referer": lambda b: _statement(b, Condition={"StringLike": {"aws:Referer": "*"}}),
    "policy-referer-named": lambda b: _statement(
        b, Condition={"StringLike": {"aws:Referer": "https://www.example.org/*"}}
    ),
    "policy-half-internet": lambda b: _statement(
        b, Condition={"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}
    ),
    "policy-if-exists": lambda b: _statement(
        b, Condition={"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
    ),
    "policy-any-endpoint": lambda b: _statement(
        b, Condition={"StringLike": {"aws:SourceVpce": "vpce-*"}}
    ),
    "policy-deny-some": lambda b: [
        _statement(b),
        _statement(b, Effect="Deny", Resource=f"arn:aws:s3:::{b}/secret/*"),
    ],
}
# Policies for everybody that are tied to something fixed.
TIED: dict[str, Any] = {
    "tied-endpoint": {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    "tied-organization": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    "tied-network": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    "tied-account-arn": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
    "tied-access-points": {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}},
}


def seed_public(url: str) -> None:
    """Make them; the account has no block."""
    for name, acl in (("acl-all", "public-read"), ("acl-users", "authenticated-read")):
        _bucket(url, name, OFF, ACL=acl)
    for name, statement in POLICIES.items():
        _bucket(url, name, OFF)
        _policy(url, name, statement(name))
    for name, condition in TIED.items():
        _bucket(url, name, OFF)
        _policy(url, name, _statement(name, Condition=condition))
    _bucket(url, "acl-ignored", {**OFF, "IgnorePublicAcls": True}, ACL="public-read")
    _bucket(url, "policy-restricted", OFF)
    _policy(url, "policy-restricted", _statement("policy-restricted"))
    block = {**OFF, "RestrictPublicBuckets": True}
    _s3(url).put_public_access_block(
        Bucket="policy-restricted", PublicAccessBlockConfiguration=block
    )
    _access_points(url)


def block_account(url: str, **switches: bool) -> None:
    """Turn switches of the account's block on."""
    own = {**OFF, **switches}
    _control(url).put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=own)


def _access_points(url: str) -> None:
    """The bucket leaves access to its access points, and AWS counts it as private then."""
    control = _control(url)
    for name, more in (
        ("open", {}),
        ("blocked", {"PublicAccessBlockConfiguration": ON}),
        ("inside", {"VpcConfiguration": {"VpcId": "vpc-1a2b3c4d"}}),
    ):
        own = {"PublicAccessBlockConfiguration": OFF} | more
        control.create_access_point(
            AccountId=ACCOUNT, Name=name, Bucket="tied-access-points", **own
        )
        resource = f"arn:aws:s3:{HOME}:{ACCOUNT}:accesspoint/{name}/object/*"
        document = {"Version": "2012-10-17", "Statement": _statement("x", Resource=resource)}
        control.put_access_point_policy(AccountId=ACCOUNT, Name=name, Policy=json.dumps(document))


def _bucket(url: str, name: str, block: dict[str, bool], **more: str) -> None:
    s3 = _s3(url)
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": HOME},
        ObjectOwnership="ObjectWriter",
        **more,
    )
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)


@cache  # making one costs more than its requests
def _s3(url: str) -> Any:
    return client(url, "s3")


def _policy(url: str, bucket: str, statements: object) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    _s3(url).put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


@cache
def _control(url: str) -> Any:
    """s3control puts the account before the host, which an address on loopback does not have."""
    from auditor.collectors.aws.session import Clients
    from auditor.collectors.aws.settings import AwsSettings

    settings = AwsSettings(endpoint_url=url, home_region=HOME)
    return Clients(settings, 20.0).get("s3control", HOME)
