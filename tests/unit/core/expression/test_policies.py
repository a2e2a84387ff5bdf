"""`policy_allows`: AWS policy documents, by the rules of "Policy evaluation logic"."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.core.expression.functions.globs import glob_matches
from auditor.core.expression.interface import UndecidedError
from auditor.core.model.status import Cause
from tests.unit.core.expression.evaluating import error, value

READ = {"action": "s3:GetObject", "resource": "arn:aws:s3:::logs/a", "principal": "*"}
ACCOUNT = "111122223333"


def statement(**changes: Any) -> dict[str, Any]:
    base = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    made = base | changes
    return {name: item for name, item in made.items() if item is not None}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allows(document: Any, request: dict[str, Any] = READ) -> object:
    return value("policy_allows(resource, param.request)", document, request=request)


def refused(document: Any, request: dict[str, Any] = READ) -> UndecidedError:
    return error("policy_allows(resource, param.request)", document, request=request)


DENY_OTHERS = statement(Effect="Deny", Principal=None, NotPrincipal={"AWS": ACCOUNT})
TABLE: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    (policy(statement()), READ, True),
    (policy(), READ, False),
    ({"Statement": statement()}, READ, True),
    (policy(statement(Action="s3:PutObject")), READ, False),
    (policy(statement(Action=["ec2:*", "S3:getobject"])), READ, True),
    (policy(statement(Action=None, NotAction="s3:Get*")), READ, False),
    (policy(statement(Action=None, NotAction="ec2:*")), READ, True),
    (policy(statement(Resource="arn:aws:s3:::logs/?")), READ, True),
    (policy(statement(Resource="arn:aws:s3:::LOGS/*")), READ, False),
    (policy(statement(Resource=None, NotResource="arn:aws:s3:::logs/*")), READ, False),
    (policy(statement(), statement(Effect="Deny")), READ, False),
    (policy(statement(), statement(Effect="Deny", Action="s3:Put*")), READ, True),
    (policy(statement(Principal={"AWS": ACCOUNT})), READ, False),
    (policy(statement(Principal={"AWS": [ACCOUNT]})), READ | {"principal": ACCOUNT}, True),
    (
        policy(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
        READ | {"principal": f"arn:aws:iam::{ACCOUNT}:user/eva"},
        True,
    ),
    (
        policy(statement(Principal={"Service": "logging.s3.amazonaws.com"})),
        READ | {"principal": "logging.s3.amazonaws.com"},
        True,
    ),
    (policy(statement(), DENY_OTHERS), READ, False),
    (policy(statement(), DENY_OTHERS), READ | {"principal": ACCOUNT}, True),
    (
        policy(statement(Principal=None)),
        {"action": "s3:GetObject", "resource": "arn:aws:s3:::logs/a"},
        True,
    ),
]


@pytest.mark.parametrize(("document", "request_", "expected"), TABLE)
def test_decision(document: dict[str, Any], request_: dict[str, Any], expected: object) -> None:
    assert allows(document, request_) is expected


def conditional(effect: str, operator: str, key: str, wanted: object) -> dict[str, Any]:
    return statement(Effect=effect, Condition={operator: {key: wanted}})


CONDITIONS: list[tuple[str, object, object, bool]] = [
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringNotEquals", "a", None, True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringEqualsIgnoreCase", "ABC", "abc", True),
    ("StringLike", "a*c", "abc", True),
    ("StringNotLike", "a*c", "abc", False),
    ("ArnLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", True),
    ("Bool", "true", True, True),
    ("Bool", False, "true", False),
    ("Null", "true", None, True),
    ("Null", "true", "x", False),
    ("Null", "false", "x", True),
    ("IpAddress", "10.0.0.0/8", "10.1.1.1", True),
    ("IpAddress", "10.0.0.1", "10.0.0.1", True),
    ("NotIpAddress", ["10.0.0.0/8"], "11.1.1.1", True),
    ("NumericLessThan", "10", 9, True),
    ("NumericLessThanEquals", 10, 10.0, True),
    ("NumericGreaterThan", 10, 9, False),
    ("NumericGreaterThanEquals", 10, 10, True),
    ("NumericEquals", 10, 10, True),
    ("NumericNotEquals", 10, 10, False),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateLessThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", False),
    ("DateGreaterThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "expected"), CONDITIONS)
def test_condition(operator: str, wanted: object, given: object, expected: object) -> None:
    context = {} if given is None else {"AWS:Key": given}
    document = policy(conditional("Allow", operator, "aws:key", wanted))
    assert allows(document, READ | {"context": context}) is expected


def test_without_a_context_a_deciding_condition_is_an_error() -> None:
    maybe = conditional("Allow", "StringEquals", "aws:SourceVpc", "vpc-1")
    never = conditional("Deny", "Bool", "aws:SecureTransport", "false")
    for document in (policy(maybe), policy(statement(), never), policy(maybe, never)):
        assert "`context`" in refused(document).detail


def test_without_a_context_a_condition_that_cannot_decide_is_no_error() -> None:
    maybe = conditional("Allow", "StringEquals", "aws:SourceVpc", "vpc-1")
    never = conditional("Deny", "Bool", "aws:SecureTransport", "false")
    assert allows(policy(statement(), maybe)) is True
    assert allows(policy(never)) is False
    assert allows(policy(maybe, statement(Effect="Deny"))) is False


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Statement": "x"},
        policy(statement(Effect="allow")),
        policy(statement(Typo=1)),
        policy(statement(Action=None)),
        policy(statement(NotAction="x")),
        policy(statement(Resource=[1])),
        policy(statement(Principal=None)),
        policy(statement(Condition={"StringEquals": "x"})),
        policy(statement(Condition=["x"])),
    ],
)
def test_a_malformed_document_is_an_error(document: dict[str, Any]) -> None:
    assert refused(document, READ | {"context": {}}).cause is Cause.TYPE_ERROR


@pytest.mark.parametrize(
    "request_",
    [{}, {"action": "a"}, READ | {"typo": 1}, READ | {"action": 1}, READ | {"context": "x"}],
)
def test_a_malformed_request_is_an_error(request_: dict[str, Any]) -> None:
    document = policy(statement(Condition={"Bool": {"k": "true"}}))
    assert refused(document, request_).cause is Cause.TYPE_ERROR


@pytest.mark.parametrize(
    ("operator", "wanted", "given"),
    [
        ("ForAllValues:StringEquals", "a", "a"),
        ("StringEquals", [["a"]], "a"),
        ("StringEquals", "a", ["a", "b"]),
        ("NumericEquals", "x", 1),
    ],
)
def test_a_condition_that_is_not_understood_is_an_error(
    operator: str, wanted: object, given: object
) -> None:
    document = policy(conditional("Allow", operator, "k", wanted))
    assert refused(document, READ | {"context": {"k": given}}).detail


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b", "a-b-c", False),
        ("a?c", "abc", True),
        ("a?", "a", False),
        ("**", "x", True),
    ],
)
def test_glob(pattern: str, text: str, expected: object) -> None:
    assert glob_matches(pattern, text) is expected


def test_a_glob_bomb_is_harmless() -> None:
    assert glob_matches("*a" * 50 + "b", "a" * 5000) is False
