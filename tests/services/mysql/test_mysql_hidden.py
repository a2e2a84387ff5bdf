"""A server whose own settings cut answers short, and names that its files write otherwise."""

from __future__ import annotations

from concurrent.futures import Executor

import pytest

from tests.services.mysql.conftest import AUDIT_TABLE
from tests.services.mysql.reading_mysql import read_all
from tests.services.mysql.servers import PASSWORD, Server, settings_of

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("password")]


def test_a_servers_limit_of_rows_hides_no_privilege(good: Server, executor: Executor) -> None:
    good.sql(
        f"CREATE USER zz@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')",
        "GRANT DELETE ON shop.* TO zz@'%'",
    )
    good.sql("SET GLOBAL sql_select_limit = 1")
    table = {**AUDIT_TABLE, "application_roles": ["zz"]}
    try:
        settings = settings_of(good, audit_tables=[table])
        found = read_all(executor, settings, "mysql.audit_table", "mysql.account")
    finally:
        good.sql("SET GLOBAL sql_select_limit = DEFAULT", "DROP USER zz@'%'")
    (row,) = found["mysql.audit_table"].resources
    assert row.data["excess"] == ["zz@%: DELETE on shop.*"]
    accounts = found["mysql.account"]
    assert len(accounts.resources) == accounts.facts["accounts"]


def test_a_schema_of_a_rare_name_is_as_confidential_as_its_setting_says(
    good: Server, executor: Executor
) -> None:
    good.sql("CREATE DATABASE `bücher`", "CREATE TABLE `bücher`.orders (id INT PRIMARY KEY)")
    try:
        settings = settings_of(good, confidential_schemas=["bücher"])
        found = read_all(executor, settings, "mysql.tablespace")["mysql.tablespace"]
    finally:
        good.sql("DROP DATABASE `bücher`")
    (orders,) = [row.data for row in found.resources if str(row.data["name"]).endswith("/orders")]
    assert orders["confidential"] is True


@pytest.mark.parametrize(
    ("rule", "right", "seen"),
    [
        ("ON DELETE CASCADE", "DELETE", True),
        ("ON DELETE SET NULL", "DELETE", True),
        ("ON UPDATE CASCADE", "UPDATE", True),
        ("ON DELETE CASCADE", "UPDATE", False),
        ("ON DELETE RESTRICT", "DELETE", False),
    ],
)
def test_a_foreign_key_that_takes_audit_rows_along_is_seen(
    good: Server, executor: Executor, rule: str, right: str, *, seen: bool
) -> None:
    good.sql(
        "CREATE TABLE shop.users (id BIGINT PRIMARY KEY)",
        "ALTER TABLE shop.events ADD who BIGINT, ADD CONSTRAINT of_whom FOREIGN KEY (who)"
        f" REFERENCES shop.users (id) {rule}",
        f"GRANT {right} ON shop.users TO app@'10.0.0.%'",
    )
    try:
        settings = settings_of(good, audit_tables=[AUDIT_TABLE])
        (row,) = read_all(executor, settings, "mysql.audit_table")["mysql.audit_table"].resources
    finally:
        good.sql(
            f"REVOKE {right} ON shop.users FROM app@'10.0.0.%'",
            "ALTER TABLE shop.events DROP FOREIGN KEY of_whom, DROP COLUMN who",
            "DROP TABLE shop.users",
        )
    place = f"app@10.0.0.%: {right} on shop.users, by a foreign key to shop.users"
    assert row.data["excess"] == ([place] if seen else [])


def test_a_column_that_no_digest_covers_is_named(good: Server, executor: Executor) -> None:
    good.sql("ALTER TABLE shop.events ADD amount INT")
    try:
        settings = settings_of(good, audit_tables=[AUDIT_TABLE])
        (row,) = read_all(executor, settings, "mysql.audit_chain")["mysql.audit_chain"].resources
    finally:
        good.sql("ALTER TABLE shop.events DROP COLUMN amount")
    assert (row.data["uncovered"], row.data["altered_rows"]) == (["amount"], 0)
