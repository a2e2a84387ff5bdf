"""Grants on keys: whose account, or which service."""

from __future__ import annotations

import pytest

from auditor.collectors.aws.facts.key_grants import key_grants


@pytest.mark.parametrize(
    ("principal", "account", "service"),
    [
        ("arn:aws:iam::111122223333:role/x", "111122223333", False),
        ("arn:aws-cn:iam::111122223333:root", "111122223333", False),
        ("arn:aws:sts::111122223333:assumed-role/x/y", "111122223333", False),
        ("111122223333", "111122223333", False),
        ("rds.eu-west-1.amazonaws.com", None, True),
        ("AWS Internal", None, False),
        ("AIDAEXAMPLE", None, False),
    ],
)
def test_grantees(principal: str, account: str | None, *, service: bool) -> None:
    [grant] = key_grants(
        [{"GrantId": "g1", "GranteePrincipal": principal, "Operations": ["Encrypt", "Decrypt"]}]
    )
    assert (grant["account"], grant["service"]) == (account, service)
    assert grant["operations"] == ["Decrypt", "Encrypt"]


def test_a_service_of_its_own() -> None:
    found = key_grants(
        [
            {"GrantId": "b", "GranteeServicePrincipal": "x.example", "Operations": []},
            {"GrantId": "a", "GranteePrincipal": "AIDA", "Operations": []},
        ]
    )
    assert [(grant["id"], grant["service"]) for grant in found] == [("a", False), ("b", True)]


@pytest.mark.parametrize(
    "grants", [None, [{}], [{"GrantId": "g", "GranteePrincipal": "x"}], [{"GranteePrincipal": "x"}]]
)
def test_what_is_none_is_refused(grants: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        key_grants(grants)
