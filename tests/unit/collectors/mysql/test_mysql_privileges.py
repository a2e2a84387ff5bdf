"""What an account may do to a table: on every level, by patterns, roles and columns."""

from __future__ import annotations

import pytest

from auditor.collectors.mysql.accounts import Account
from auditor.collectors.mysql.privileges import (
    Grant,
    Privileges,
    applications,
    database_grants,
    database_matches,
    table_grants,
)

APP = Account("app", "10.0.0.%")
TABLE = ("shop", "events")


def excess(*grants: Grant, app: Account = APP, others: tuple[Account, ...] = ()) -> list[str]:
    return Privileges([app, *others], grants).excess(app, *TABLE)


def on(database: str, table: str | None, *held: str, name: tuple[str, str] = APP.name) -> Grant:
    return Grant(name, database, table, frozenset(held))


def test_select_and_insert_are_no_excess() -> None:
    assert excess(on("shop", "events", "SELECT", "INSERT"), on("shop", None, "SELECT")) == []


@pytest.mark.parametrize(
    "held", ["UPDATE", "DELETE", "DELETE HISTORY", "DROP", "ALTER", "TRIGGER", "GRANT OPTION"]
)
def test_whatever_changes_rows_or_the_table_is_excess_on_every_level(held: str) -> None:
    assert excess(on("shop", "events", held)) == [f"app@10.0.0.%: {held} on shop.events"]
    assert excess(on("shop", None, held)) == [f"app@10.0.0.%: {held} on shop.*"]
    everywhere = Account("app", "10.0.0.%", privileges=frozenset({held}))
    assert excess(app=everywhere) == [f"app@10.0.0.%: {held} on *.*"]


def test_powers_over_the_server_are_excess() -> None:
    assert excess(app=Account("app", "%", privileges=frozenset({"SUPER", "SELECT"}))) == [
        "app@%: SUPER on *.*"
    ]


def test_other_tables_users_and_hosts_do_not_count() -> None:
    assert excess(on("shop", "orders", "DELETE"), on("other", None, "DELETE")) == []
    assert excess(on("shop", None, "DELETE", name=("batch", "%"))) == []
    local = Account("app", "localhost")
    remote = on("shop", None, "DELETE", name=("app", "db.example.org"))
    assert excess(remote, app=local) == []


def test_a_row_for_another_pattern_of_hosts_may_count() -> None:
    row = on("shop", None, "DELETE", name=("app", "%"))
    assert excess(row) == ["app@10.0.0.%: DELETE on shop.*"]


def test_a_row_without_a_user_is_for_everybody() -> None:
    assert excess(on("sh%", None, "UPDATE", name=("", "%"))) == ["app@10.0.0.%: UPDATE on sh%.*"]


def test_roles_of_roles_count_and_circles_end() -> None:
    app = Account("app", "%", roles=(("writers", ""),))
    writers = Account("writers", "", role=True, roles=(("editors", ""),))
    editors = Account("editors", "", role=True, roles=(("writers", ""),))
    grant = on("shop", "events", "UPDATE", name=("editors", ""))
    assert excess(grant, app=app, others=(writers, editors)) == ["editors: UPDATE on shop.events"]
    assert Privileges([app, writers, editors]).roles(app) == ["editors", "writers"]


def test_what_is_granted_to_public_counts() -> None:
    public = Account("PUBLIC", "", role=True)
    grant = on("shop", None, "DELETE", name=("PUBLIC", ""))
    assert excess(grant, others=(public,)) == ["PUBLIC: DELETE on shop.*"]


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("shop", True),
        ("SHOP", True),
        ("sh%", True),
        ("s_op", True),
        ("shop_", False),
        (r"s\_op", False),
        ("sho", False),
        ("s.op", False),
    ],
)
def test_a_name_of_a_database_may_be_a_pattern(pattern: str, *, matches: bool) -> None:
    assert database_matches(pattern, "shop") is matches


def test_an_escaped_wildcard_is_itself() -> None:
    assert database_matches(r"a\_b\%", "a_b%")


def test_rows_of_the_system_tables_become_grants() -> None:
    columns = ["Host", "Db", "User", "Delete_priv", "Grant_priv", "Create_tmp_table_priv", "X_priv"]
    (database,) = database_grants(columns, [("%", "shop", "app", "Y", "Y", "Y", "N")])
    assert database == Grant(
        ("app", "%"),
        "shop",
        None,
        frozenset({"DELETE", "GRANT OPTION", "CREATE TEMPORARY TABLES"}),
    )
    table, column = table_grants(
        [("app", "%", "shop", "events", "Select,Grant,Delete versioning rows")],
        [("app", "%", "shop", "events", "body", "Update")],
    )
    assert table.privileges == {"SELECT", "GRANT OPTION", "DELETE HISTORY"}
    assert column == Grant(("app", "%"), "shop", "events", frozenset({"UPDATE"}))
    assert column.on == "shop.events"


def test_a_configured_name_is_a_user_or_an_account() -> None:
    accounts = [APP, Account("app", "localhost"), Account("", "%"), Account("batch", "%")]
    assert applications(accounts, "app") == accounts[:2]
    assert applications(accounts, "app@localhost") == accounts[1:2]
    assert applications(accounts, "") == []
