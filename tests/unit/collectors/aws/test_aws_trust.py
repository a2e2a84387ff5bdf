"""Trust policies: the world, other accounts, external ids, and identity providers."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.aws.facts.trust import (
    accounts_without_external_id,
    federations,
    trust_world,
    trusted_accounts,
)

VENDOR = "arn:aws:iam::444455556666:root"
GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
HOST = "token.actions.githubusercontent.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"


def _trust(principal: object, condition: object = None, **more: object) -> dict[str, Any]:
    own = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return {"Statement": [own | ({"Condition": condition} if condition else {})]}


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": [VENDOR, "*"]}])
def test_open_to_the_world(principal: object) -> None:
    assert trust_world(_trust(principal)) is True


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"sts:ExternalId": "shared"}},  # a password, not an account
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringLike": {"aws:PrincipalArn": "*"}},
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringNotEquals": {"aws:PrincipalAccount": "999999999999"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    ],
)
def test_conditions_that_leave_it_open(condition: object) -> None:
    assert trust_world(_trust("*", condition)) is True


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}},
        {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    ],
)
def test_conditions_that_close_it(condition: object) -> None:
    assert trust_world(_trust("*", condition)) is False


def test_everybody_but_some_is_everybody() -> None:
    document = {
        "Statement": {"Effect": "Allow", "Action": "sts:*", "NotPrincipal": {"AWS": VENDOR}}
    }
    assert trust_world(document) is True


@pytest.mark.parametrize(
    "document",
    [
        _trust({"Service": "ec2.amazonaws.com"}),
        _trust({"AWS": VENDOR}),
        _trust("*", Effect="Deny"),
        _trust("*", Action="sts:TagSession"),
    ],
)
def test_not_open_to_the_world(document: object) -> None:
    assert trust_world(document) is False


@pytest.mark.parametrize("action", ["sts:AssumeRole", "STS:assume*", "*", ["x:Y", "sts:*"]])
def test_accounts_however_they_are_named(action: object) -> None:
    named = {"AWS": ["444455556666", "arn:aws:iam::777788889999:role/x", "AIDADELETED"]}
    document = _trust(named, Action=action)
    assert trusted_accounts(document) == ["444455556666", "777788889999", "AIDADELETED"]
    assert accounts_without_external_id(document) == trusted_accounts(document)


@pytest.mark.parametrize(
    ("condition", "without"),
    [
        ({"StringEquals": {"sts:ExternalId": "4711"}}, []),
        ({"StringLike": {"sts:ExternalId": "*"}}, ["444455556666"]),
        ({"StringEqualsIfExists": {"sts:ExternalId": "4711"}}, ["444455556666"]),
        ({"StringNotEquals": {"sts:ExternalId": "4711"}}, ["444455556666"]),
        (None, ["444455556666"]),
    ],
)
def test_external_ids(condition: object, without: list[str]) -> None:
    assert accounts_without_external_id(_trust({"AWS": VENDOR}, condition)) == without


def test_one_statement_without_an_external_id_is_enough() -> None:
    guarded = _trust({"AWS": VENDOR}, {"StringEquals": {"sts:ExternalId": "4711"}})
    open_one = _trust({"AWS": VENDOR})
    together = {"Statement": [*guarded["Statement"], *open_one["Statement"]]}
    assert accounts_without_external_id(together) == ["444455556666"]


def _github(*subjects: str, operator: str = "StringLike") -> dict[str, object]:
    condition = {
        operator: {f"{HOST}:sub": list(subjects)},
        "StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"},
    }
    document = _trust({"Federated": GITHUB}, condition, Action="sts:AssumeRoleWithWebIdentity")
    [found] = federations(document)
    return found


@pytest.mark.parametrize(
    "subject",
    ["*", "repo:*", "repo:*/*", "repo:*/app:*", "repo:octo*/app:*", "repo:octo-org", "r?po:*"],
)
def test_a_github_subject_that_anybody_can_have(subject: str) -> None:
    found = _github(subject)
    assert (found["subject"], found["audience"], found["kind"]) == (False, True, "oidc")
    assert _github("repo:octo-org/app:*", subject)["subject"] is False


@pytest.mark.parametrize(
    "subject",
    ["repo:octo-org/*", "repo:octo-org/app:ref:refs/heads/main", "repo:octo-org/app:environment:*"],
)
def test_a_github_subject_of_one_owner(subject: str) -> None:
    assert _github(subject)["subject"] is True


def test_a_subject_that_need_not_be_there() -> None:
    assert _github("repo:octo-org/app:*", operator="StringLikeIfExists")["subject"] is False
    assert _github("repo:octo-org/app:*", operator="ForAllValues:StringLike")["subject"] is False


def test_terraform_names_the_organization_after_a_colon() -> None:
    provider = "arn:aws:iam::111122223333:oidc-provider/app.terraform.io"
    for subject, named in (
        ("organization:example:project:x:workspace:*:run_phase:*", True),
        ("organization:*:project:x", False),
    ):
        condition = {"StringLike": {"app.terraform.io:sub": subject}}
        [found] = federations(
            _trust({"Federated": provider}, condition, Action="sts:AssumeRoleWithWebIdentity")
        )
        assert (found["subject"], found["audience"]) == (named, False)


@pytest.mark.parametrize(
    ("principal", "condition", "audience", "subject"),
    [
        (f"arn:aws:iam::111122223333:oidc-provider/{EKS}",
         {"StringEquals": {f"{EKS}:sub": "system:serviceaccount:shop:web"}}, False, True),
        (f"arn:aws:iam::111122223333:oidc-provider/{EKS}",
         {"StringEquals": {f"{EKS}:aud": "sts.amazonaws.com"}}, True, False),
        (f"arn:aws:iam::111122223333:oidc-provider/{EKS}",
         {"StringLike": {f"{EKS}:sub": "*"}}, False, False),
        ("cognito-identity.amazonaws.com",
         {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:pool"}}, True, True),
        ("cognito-identity.amazonaws.com", None, False, False),
        ("arn:aws:iam::111122223333:saml-provider/sso",
         {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}, True, True),
        ("arn:aws:iam::111122223333:saml-provider/sso", None, False, True),
    ],
)  # fmt: skip
def test_other_providers(
    principal: str, condition: object, *, audience: bool, subject: bool
) -> None:
    document = _trust(
        {"Federated": principal},
        condition,
        Action=["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
    )
    [found] = federations(document)
    assert (found["audience"], found["subject"]) == (audience, subject)


@pytest.mark.parametrize("document", [None, "{", {"Statement": [{"Effect": "Maybe"}]}])
def test_what_is_no_policy_is_refused(document: object) -> None:
    for fact in (trust_world, trusted_accounts, accounts_without_external_id, federations):
        with pytest.raises(ValueError, match="policy"):
            fact(document)
