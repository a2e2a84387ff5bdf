"""Accounts out of the system tables of MariaDB and of MySQL 8 (rows as their manuals have them)."""

from __future__ import annotations

import json

import pytest

from auditor.collectors.mysql.accounts import (
    ACCESS_BITS,
    Account,
    Method,
    is_any_host,
    is_loopback,
    is_wildcard,
    parse_accounts,
)
from auditor.collectors.sql.failures import QueryFailedError


def mariadb(**detail: object) -> Account:
    """`mysql.global_priv` of MariaDB 10.11, hashes replaced as the query does."""
    (account,) = parse_accounts([("app", "%", json.dumps(detail))], [])
    return account


def mysql(**changed: object) -> Account:
    """A row of `mysql.user` of MySQL 8.4 as the query puts it together."""
    detail: dict[str, object] = {
        "plugin": "caching_sha2_password",
        "password": 1,
        "locked": "N",
        "expired": "N",
        "tls": "",
        "privileges": {"SELECT": "N", "SUPER": "N"},
    }
    (account,) = parse_accounts([("app", "%", json.dumps(detail | changed))], [])
    return account


def test_a_fresh_root_of_mariadb_is_open_and_holds_every_privilege() -> None:
    root = mariadb(access=2**64 - 1)
    assert root.methods == (Method("mysql_native_password", password=False),)
    assert root.open
    assert root.privileges == frozenset(ACCESS_BITS)


def test_each_alternative_of_mariadb_counts() -> None:
    account = mariadb(
        plugin="unix_socket",
        authentication_string="",
        auth_or=[{"plugin": "ed25519", "authentication_string": "set"}, {}],
    )
    assert account.methods == (
        Method("ed25519", password=True),
        Method("unix_socket", password=False),
    )
    assert not account.open, "the operating system says who is there"
    careless = mariadb(
        plugin="unix_socket",
        auth_or=[{"plugin": "mysql_native_password", "authentication_string": ""}, {}],
    )
    assert careless.open


@pytest.mark.parametrize(
    ("detail", "field", "value"),
    [
        ({"account_locked": True}, "locked", True),
        ({"password_last_changed": 0}, "expired", True),
        ({"is_role": True}, "role", True),
        ({"ssl_type": 1}, "tls", "ANY"),
        ({"ssl_type": 2}, "tls", "X509"),
        ({"ssl_type": 3}, "tls", "SPECIFIED"),
        ({}, "tls", "NONE"),
    ],
)
def test_what_mariadb_says_of_an_account(
    detail: dict[str, object], field: str, value: object
) -> None:
    assert getattr(mariadb(**detail), field) == value


@pytest.mark.parametrize("detail", ["", "[]", '{"access": "many"}', '{"ssl_type": 9}'])
def test_another_form_is_an_error_that_names_the_account(detail: str) -> None:
    with pytest.raises(QueryFailedError, match="app@%"):
        parse_accounts([("app", "%", detail)], [])


def test_mysql_8_says_the_same_in_columns() -> None:
    account = mysql(privileges={"SELECT": "Y", "SUPER": "N"}, tls="X509")
    assert account.privileges == {"SELECT"}
    assert (account.tls, account.open, account.role) == ("X509", False, False)
    assert mysql(password=0).open
    assert not mysql(password=0, plugin="auth_socket").open


def test_a_role_of_mysql_8_is_a_locked_account_without_a_password() -> None:
    assert mysql(locked="Y", password=0, expired="Y").role
    assert not mysql(locked="Y").role


def test_dynamic_privileges_and_roles_of_mysql_8_are_added() -> None:
    row = (
        "app",
        "%",
        json.dumps(
            {
                "plugin": "p",
                "password": 1,
                "locked": "N",
                "expired": "N",
                "tls": "ANY",
                "privileges": {},
            }
        ),
    )
    (account,) = parse_accounts(
        [row], [("app", "%", "readers", "%")], [("app", "%", "SET_ANY_DEFINER", "Y")]
    )
    assert account.privileges == {"SET_ANY_DEFINER", "GRANT OPTION"}
    assert account.roles == (("readers", "%"),)


@pytest.mark.parametrize(
    ("host", "any_host", "wildcard", "loopback"),
    [
        ("%", True, True, False),
        ("", True, True, False),
        ("%%", True, True, False),
        ("0.0.0.0/0", True, True, False),
        ("10.0.0.%", False, True, False),
        ("db_.example.org", False, True, False),
        ("10.0.0.0/255.255.255.0", False, True, False),
        ("10.0.0.7/32", False, False, False),
        ("10.0.0.0/nonsense", False, True, False),
        ("db.example.org", False, False, False),
        ("localhost", False, False, True),
        ("::1", False, False, True),
    ],
)
def test_what_a_host_pattern_matches(
    host: str, *, any_host: bool, wildcard: bool, loopback: bool
) -> None:
    found = (is_any_host(host), is_wildcard(host), is_loopback(host))
    assert found == (any_host, wildcard, loopback)
