"""Roles, users and keys with good and bad policies, in a stand-in for AWS."""

from __future__ import annotations

import json
from typing import Any

from tests.services.aws.seed import client
from tests.services.aws.server import ACCOUNT

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
VENDOR, STRANGER = "444455556666", "999900001111"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
_HOST = "token.actions.githubusercontent.com"
_LAMBDA = {"Principal": {"Service": "lambda.amazonaws.com"}}


def _document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _github(subject: str) -> dict[str, object]:
    condition = {
        "StringEquals": {f"{_HOST}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{_HOST}:sub": subject},
    }
    return {
        "Principal": {"Federated": GITHUB},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }


_WITH_ID = {"Condition": {"StringEquals": {"sts:ExternalId": "4711-example"}}}
# Name to trust statement, and the assertions of the shipped check that must be false.
TRUSTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "lambda": (_LAMBDA, set()),
    "own": ({"Principal": {"AWS": ROOT}}, set()),
    "vendor": ({"Principal": {"AWS": VENDOR}, **_WITH_ID}, set()),
    "github": (_github("repo:example/shop:ref:refs/heads/main"), set()),
    "world": ({"Principal": {"AWS": "*"}}, {"not-everybody"}),
    "world-with-id": ({"Principal": "*", **_WITH_ID}, {"not-everybody"}),
    "vendor-without-id": ({"Principal": {"AWS": VENDOR}}, {"external-id"}),
    "stranger": ({"Principal": {"AWS": STRANGER}, **_WITH_ID}, {"known-accounts"}),
    "github-any": (_github("repo:*"), {"federated-subject"}),
    "github-bare": (
        {"Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity"},
        {"federated-subject", "federated-audience"},
    ),
}
# Name of a role to its policy, and whether it can take further rights.
RIGHTS: dict[str, tuple[dict[str, Any], bool]] = {
    "reads": ({"Action": "s3:Get*", "Resource": "*"}, False),
    "passes-one": (
        {"Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
         "Resource": f"arn:aws:iam::{ACCOUNT}:role/lambda"}, False),
    "passes-any": (
        {"Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
         "Resource": "*"}, True),
    "all-but-s3": ({"NotAction": "s3:*", "Resource": "*"}, True),
    "under-mfa": (
        {"Action": "iam:CreatePolicyVersion", "Resource": "*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}, True),
}  # fmt: skip
KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "own": ({"Principal": {"AWS": ROOT}}, ""),
    "vendor": ({"Principal": {"AWS": f"arn:aws:iam::{VENDOR}:root"}}, ""),
    "via-service": (
        {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}},
        "",
    ),
    "world": ({"Principal": "*"}, "not-everybody"),
    "world-in-list": ({"Principal": {"AWS": [ROOT, "*"]}}, "not-everybody"),
    "via-service-only": (
        {"Principal": {"AWS": "*"},
         "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}},
        "not-everybody",
    ),
    "if-exists": (
        {"Principal": {"AWS": "*"},
         "Condition": {"StringEqualsIfExists": {"kms:CallerAccount": ACCOUNT}}},
        "not-everybody",
    ),
    "not-principal": ({"NotPrincipal": {"AWS": ROOT}}, "not-everybody"),
    "stranger": (
        {"Principal": {"AWS": [ROOT, f"arn:aws:iam::{STRANGER}:role/x"]}}, "known-accounts",
    ),
}  # fmt: skip


def seed_identities(url: str) -> None:
    """Make them."""
    iam = client(url, "iam")
    for name, (trust, _false) in TRUSTS.items():
        document = _document(**{"Action": "sts:AssumeRole", **trust})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    service = _document(Action="sts:AssumeRole", **_LAMBDA)
    for name, (rights, _found) in RIGHTS.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=service)
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(**rights))
    _people(iam)
    kms = client(url, "kms")
    for name, (statement, _expected) in KEYS.items():
        policy = _document(Action="kms:*", Resource="*", **statement)
        kms.create_key(Description=name, KeyUsage="ENCRYPT_DECRYPT", Policy=policy)
    for name, grantee in (("granted", ROOT), ("granted-out", f"arn:aws:iam::{STRANGER}:role/x")):
        key = kms.create_key(
            Description=name,
            Policy=_document(Action="kms:*", Resource="*", Principal={"AWS": ROOT}),
        )["KeyMetadata"]["KeyId"]
        kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"])


def _people(iam: Any) -> None:
    for name, owner, signs_in in (
        ("alice", "alice", True), ("mallory", "", True), ("robot", "ivan", True),
        ("gone", "ivan", False),
    ):  # fmt: skip
        tags = [{"Key": "owner", "Value": owner}] if owner else []
        iam.create_user(UserName=name, Tags=tags)
        if signs_in:
            iam.create_access_key(UserName=name)
