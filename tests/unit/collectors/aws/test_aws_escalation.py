"""Rights to take more rights, over many documents: wildcards, NotAction, denies, boundaries."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collectors.aws.facts.escalation import known_escalations, principals
from auditor.collectors.aws.facts.unreadable import Unreadable

ACCOUNT = "arn:aws:iam::111122223333"
ADMIN = f"{ACCOUNT}:role/admin"
STAR = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def _policy(*statements: object) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _role(name: str, *statements: object, **more: object) -> dict[str, object]:
    inline = [{"PolicyName": "own", "PolicyDocument": _policy(*statements)}] if statements else []
    return {
        "Arn": f"{ACCOUNT}:role/{name}",
        "RoleId": f"AROA{name}",
        "RoleName": name,
        "Path": "/",
        "RolePolicyList": inline,
        **more,
    }


def _managed(name: str, *statements: object) -> dict[str, object]:
    return {
        "Arn": f"{ACCOUNT}:policy/{name}",
        "PolicyVersionList": [
            {"IsDefaultVersion": False, "Document": _policy(STAR)},
            {"IsDefaultVersion": True, "Document": _policy(*statements)},
        ],
    }


def _details(**lists: object) -> dict[str, object]:
    empty: dict[str, object] = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    return {**empty, **lists}


def _found(*statements: object, **more: object) -> dict[str, list[str]]:
    """Escalations of a role with these statements, in an account with an administrator's role."""
    roles = [_role("app", *statements, **more), _role("admin", STAR)]
    policies = [_managed("boundary", _allow("s3:*")), _managed("wide", _allow(["s3:*", "iam:*"]))]
    rows = principals(_details(RoleDetailList=roles, Policies=policies))
    [row] = [row for row in rows if row["name"] == "app"]
    found: Any = row["escalations"]
    return {entry["id"]: entry["conditions"] for entry in found}


@pytest.mark.parametrize("escalation", known_escalations(), ids=lambda e: e.id)
def test_each_known_combination_is_found_and_needs_all_of_its_actions(escalation: Any) -> None:
    actions = list(escalation.actions)
    assert escalation.id in _found(_allow(actions))
    for left_out in actions:
        rest = [action for action in actions if action != left_out]
        assert not rest or escalation.id not in _found(_allow(rest))
    assert escalation.rhino or escalation.pathfinding


@pytest.mark.parametrize(
    "statement",
    [
        _allow("iam:Put*"),
        _allow("IAM:PUTROLEPOLICY"),
        _allow("iam:*olicy"),
        _allow("iam:PutRolePolic?"),
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "NotResource": ADMIN},
        _allow("iam:PutRolePolicy", f"{ACCOUNT}:role/app"),
        _allow(["s3:GetObject", "iam:PutRolePolicy"], Sid="x"),
    ],
)
def test_however_it_is_written(statement: object) -> None:
    assert _found(statement)["put-role-policy"] == []


@pytest.mark.parametrize(
    "statements",
    [
        [_allow("s3:*")],
        [_allow("iam:Get*"), _allow("iam:List*")],
        [{"Effect": "Allow", "NotAction": ["iam:*", "lambda:*", "cloudformation:*", "glue:*",
          "sagemaker:*", "codestar:*", "apprunner:*", "bedrock-agentcore:*"], "Resource": "*"}],
        [_allow("iam:Put*"), _deny("iam:*")],
        [_allow("iam:*"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}],
        [],
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_not_found(statements: list[object]) -> None:
    assert _found(*statements) == {}


@pytest.mark.parametrize(
    "deny",
    [
        _deny("iam:PutRolePolicy", f"{ACCOUNT}:role/admin"),
        _deny("iam:PutRolePolicy", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:PutRolePolicy", "NotResource": f"{ACCOUNT}:role/app"},
        _deny("iam:PutUserPolicy"),
    ],
)
def test_a_deny_that_leaves_something_does_not_undo(deny: object) -> None:
    assert "put-role-policy" in _found(_allow("iam:PutRolePolicy"), deny)


def test_a_condition_is_named_and_protects_nothing() -> None:
    condition = {
        "StringEquals": {"iam:PermissionsBoundary": "x"},
        "Bool": {"aws:ViaAWSService": "true"},
    }
    guarded = _allow("iam:PutRolePolicy", Condition=condition)
    assert _found(guarded) == {"put-role-policy": ["aws:viaawsservice", "iam:permissionsboundary"]}
    assert _found(guarded, _allow("iam:PutRolePolicy")) == {"put-role-policy": []}


def test_a_boundary_takes_away() -> None:
    def bounded(name: str) -> dict[str, object]:
        return {"PermissionsBoundary": {"PermissionsBoundaryArn": f"{ACCOUNT}:policy/{name}"}}

    assert _found(_allow("iam:PutRolePolicy"), **bounded("boundary")) == {}
    assert "put-role-policy" in _found(_allow("iam:PutRolePolicy"), **bounded("wide"))


def test_a_boundary_that_is_not_in_the_answer_leaves_the_rights_unread() -> None:
    role = _role("app", _allow("s3:*"), PermissionsBoundary={"PermissionsBoundaryArn": "arn:x"})
    [row] = principals(_details(RoleDetailList=[role]))
    assert isinstance(row["escalations"], Unreadable)
    assert isinstance(row["full_access"], Unreadable)


RUN = _allow("ec2:RunInstances")


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        ("*", True),
        (f"{ACCOUNT}:role/*", True),
        ("arn:aws:iam::*:role/*", True),
        ("arn:*:iam::*:role/*", True),
        (ADMIN, True),
        (f"{ACCOUNT}:role/adm*", True),
        (f"{ACCOUNT}:role/app", False),
        (f"{ACCOUNT}:role/app-*", False),
        ([f"{ACCOUNT}:role/app", ADMIN], True),
    ],
)
def test_passing_a_role_counts_where_it_reaches_more(resource: object, *, found: bool) -> None:
    assert ("pass-role-to-instance" in _found(RUN, _allow("iam:PassRole", resource))) is found


def test_passing_every_role_but_the_administrator() -> None:
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "NotResource": ADMIN}
    assert "pass-role-to-instance" not in _found(RUN, passing)
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "NotResource": f"{ACCOUNT}:role/app"}
    assert "pass-role-to-instance" in _found(RUN, passing)


@pytest.mark.parametrize(
    ("operator", "service", "found"),
    [
        ("StringEquals", "ec2.amazonaws.com", True),
        ("StringEquals", "lambda.amazonaws.com", False),
        ("StringLike", "ec2.*", True),
        ("StringEqualsIfExists", "lambda.amazonaws.com", False),
        ("ForAnyValue:StringLike", ["lambda.amazonaws.com", "ec2.amazonaws.com"], True),
        ("StringNotEquals", "lambda.amazonaws.com", True),
    ],
)
def test_the_service_that_a_role_may_be_passed_to(
    operator: str, service: object, *, found: bool
) -> None:
    condition = {operator: {"iam:PassedToService": service}}
    passing = _allow("iam:PassRole", Condition=condition)
    assert ("pass-role-to-instance" in _found(RUN, passing)) is found


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        (f"{ACCOUNT}:user/${{aws:username}}", False),
        (f"{ACCOUNT}:user/*/${{aws:username}}", False),
        ("*", True),
        ([f"{ACCOUNT}:user/${{aws:username}}", f"{ACCOUNT}:user/bob"], True),
    ],
)
def test_making_ones_own_keys_is_no_escalation(resource: object, *, found: bool) -> None:
    assert ("create-access-key" in _found(_allow("iam:CreateAccessKey", resource))) is found


def test_users_have_the_rights_of_their_groups() -> None:
    group = {
        "GroupName": "ops",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [{"PolicyArn": f"{ACCOUNT}:policy/iam"}],
    }
    user = {
        "Arn": f"{ACCOUNT}:user/eve", "UserId": "AIDAEVE", "UserName": "eve", "Path": "/",
        "GroupList": ["ops"], "UserPolicyList": [
            {"PolicyName": "run", "PolicyDocument": _policy(RUN)}],
    }  # fmt: skip
    policies = [_managed("iam", _allow("iam:PassRole"))]
    found = _details(UserDetailList=[user], GroupDetailList=[group], Policies=policies)
    [row] = principals(found)
    assert [entry["id"] for entry in row["escalations"]] == ["pass-role-to-instance"]  # type: ignore[attr-defined]
    assert (row["kind"], row["full_access"], row["service_linked"]) == ("user", False, False)
    [row] = principals(_details(UserDetailList=[user], Policies=policies))  # group is not there
    assert isinstance(row["escalations"], Unreadable)


def test_a_role_of_a_service_and_one_with_everything() -> None:
    linked = _role("AWSServiceRoleForX", _allow("iam:*"), Path="/aws-service-role/x/")
    rows = principals(_details(RoleDetailList=[linked, _role("admin", STAR)]))
    assert [(r["service_linked"], r["full_access"]) for r in rows] == [(True, False), (False, True)]


def test_a_role_whose_policies_are_unread_may_hold_everything() -> None:
    secret = _role("vault", AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::aws:policy/X"}])
    app = _role("app", RUN, _allow("iam:PassRole", f"{ACCOUNT}:role/vault"))
    rows = principals(_details(RoleDetailList=[secret, app]))
    assert [entry["id"] for entry in rows[1]["escalations"]] == ["pass-role-to-instance"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("details", [None, {}, {"UserDetailList": []}])
def test_an_answer_that_is_none_is_refused(details: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        principals(details)
