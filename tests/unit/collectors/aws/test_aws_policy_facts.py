"""Policy documents in one form, and what they say."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from auditor.collectors.aws.facts.policy import (
    policy_denies_plain_http,
    policy_statements,
)

_TLS: dict[str, object] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def test_single_values_become_lists() -> None:
    [statement] = policy_statements(
        {"Statement": {"Effect": "Allow", "Action": "S3:Get*", "Resource": "*"}}
    )
    assert statement["actions"] == ["s3:get*"]
    assert statement["resources"] == ["*"]
    assert statement["principals"] == []
    assert statement["conditions"] == {}
    assert statement["sid"] is None


def test_text_plain_and_encoded_are_the_same_document() -> None:
    document = {"Statement": [{"Sid": "a", "Effect": "Deny", "NotAction": ["iam:*"]}]}
    plain = json.dumps(document)
    assert policy_statements(plain) == policy_statements(document)
    assert policy_statements(quote(plain)) == policy_statements(document)


def test_principals_carry_kind_and_account() -> None:
    [statement] = policy_statements(
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "kms:*",
                "Resource": "*",
                "Principal": {
                    "AWS": ["arn:aws:iam::111122223333:root", "444455556666", "*"],
                    "Service": "logs.amazonaws.com",
                },
                "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
            }
        }
    )
    assert [(p["kind"], p["id"], p["account"]) for p in statement["principals"]] == [
        ("AWS", "arn:aws:iam::111122223333:root", "111122223333"),
        ("AWS", "444455556666", "444455556666"),
        ("AWS", "*", None),
        ("Service", "logs.amazonaws.com", None),
    ]
    assert statement["conditions"] == {"NumericLessThan": {"s3:tlsversion": ["1.2"]}}


@pytest.mark.parametrize(
    "document",
    [
        None,
        7,
        "not json",
        "[]",
        "{}",
        '{"Statement": [], "Statement": []}',
        {"Statement": ["text"]},
        {"Statement": {"Effect": "allow"}},
        {"Statement": {"Effect": "Allow", "Action": [None]}},
        {"Statement": {"Effect": "Allow", "Principal": "alice"}},
        {"Statement": {"Effect": "Allow", "Condition": {"Bool": "x"}}},
    ],
)
def test_what_is_no_policy_is_refused(document: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        policy_statements(document)


def test_plain_http_is_denied() -> None:
    assert policy_denies_plain_http({"Statement": [_TLS]})
    assert policy_denies_plain_http({"Statement": _TLS | {"Resource": "arn:aws:s3:::b*"}})


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "111122223333"}},
        {"Principal": {"Service": "*"}},
        {"Principal": {"Federated": "*"}},
        {"Resource": ["arn:aws:s3:::b/pub", "arn:aws:s3:::b/pub/*"]},
        {"Resource": "arn:aws:s3:::b/pub*"},
        {"Action": "s3:GetObject"},
        {"Resource": "arn:aws:s3:::b/*"},
        {"Resource": "arn:aws:s3:::b"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}},
        {"Condition": {}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "Null": {"aws:x": "true"}}},
    ],
)
def test_a_narrower_denial_is_none(change: dict[str, object]) -> None:
    assert not policy_denies_plain_http({"Statement": [_TLS | change]})
