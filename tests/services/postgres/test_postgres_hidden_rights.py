"""Ways to change an audit table that no grant on it shows, and databases that hide themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from auditor.core.model.observation import Observation
from tests.services.postgres.conftest import collect, target_of
from tests.services.postgres.planted import good_server
from tests.services.postgres.server import Server

pytestmark = pytest.mark.service
# What is done, what undoes it, and the field that must say so.
WAYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "a foreign key takes audit rows along": (
        ("CREATE TABLE users (id bigint PRIMARY KEY)",
         "ALTER TABLE audit_log ADD who bigint REFERENCES users ON DELETE CASCADE",
         "GRANT DELETE ON users TO app"),
        ("ALTER TABLE audit_log DROP who", "DROP TABLE users"),
        "can_delete",
    ),
    "a foreign key of a foreign key": (
        ("CREATE TABLE tenants (id bigint PRIMARY KEY)",
         "CREATE TABLE users (id int PRIMARY KEY, t bigint REFERENCES tenants ON DELETE CASCADE)",
         "ALTER TABLE audit_log ADD who bigint REFERENCES users ON DELETE CASCADE",
         "GRANT DELETE ON tenants TO app"),
        ("ALTER TABLE audit_log DROP who", "DROP TABLE users, tenants"),
        "can_delete",
    ),
    "a foreign key empties a column": (
        ("CREATE TABLE users (id bigint PRIMARY KEY)",
         "ALTER TABLE audit_log ADD who bigint REFERENCES users ON DELETE SET NULL",
         "GRANT DELETE ON users TO app"),
        ("ALTER TABLE audit_log DROP who", "DROP TABLE users"),
        "can_update",
    ),
    "a key that changes with the row it refers to": (
        ("CREATE TABLE users (id bigint PRIMARY KEY)",
         "ALTER TABLE audit_log ADD who bigint REFERENCES users ON UPDATE CASCADE",
         "GRANT UPDATE (id) ON users TO app"),
        ("ALTER TABLE audit_log DROP who", "DROP TABLE users"),
        "can_update",
    ),
    "a view of it": (
        ("CREATE VIEW shown AS SELECT * FROM audit_log", "GRANT DELETE ON shown TO app"),
        ("DROP VIEW shown",),
        "can_delete",
    ),
    "a view of a view of it": (
        ("CREATE VIEW shown AS SELECT * FROM audit_log", "CREATE VIEW again AS SELECT * FROM shown",
         "GRANT UPDATE (body) ON again TO app"),
        ("DROP VIEW shown CASCADE",),
        "can_update",
    ),
    "the schema is the application's, which may drop the table": (
        ("ALTER SCHEMA public OWNER TO app",),
        ("ALTER SCHEMA public OWNER TO pg_database_owner",),
        "owns",
    ),
    "the database is the application's, and with it the schema": (
        ("ALTER DATABASE ledger OWNER TO app",),
        ("ALTER DATABASE ledger OWNER TO ledger_owner",),
        "owns",
    ),
    "the application makes roles, and itself a member of the owner": (
        ("ALTER ROLE app CREATEROLE",), ("ALTER ROLE app NOCREATEROLE",), "owns",
    ),
    "its parent, whose statements reach the children": (
        ("CREATE TABLE all_logs (LIKE audit_log)", "ALTER TABLE audit_log INHERIT all_logs",
         "GRANT DELETE ON all_logs TO app"),
        ("ALTER TABLE audit_log NO INHERIT all_logs", "DROP TABLE all_logs"),
        "can_delete",
    ),
    "a view of its parent": (
        ("CREATE TABLE all_logs (LIKE audit_log)", "ALTER TABLE audit_log INHERIT all_logs",
         "CREATE VIEW shown AS SELECT * FROM all_logs", "GRANT UPDATE ON shown TO app"),
        ("DROP VIEW shown", "ALTER TABLE audit_log NO INHERIT all_logs", "DROP TABLE all_logs"),
        "can_update",
    ),
    "the owner of its parent, who may drop both": (
        ("CREATE TABLE all_logs (LIKE audit_log)", "ALTER TABLE audit_log INHERIT all_logs",
         "ALTER TABLE all_logs OWNER TO app", "REVOKE ALL ON all_logs FROM app"),
        ("ALTER TABLE audit_log NO INHERIT all_logs", "DROP TABLE all_logs"),
        "owns",
    ),
    "the owner of its child without a right": (
        ("CREATE TABLE part () INHERITS (audit_log)", "ALTER TABLE part OWNER TO app",
         "REVOKE ALL ON part FROM app"),
        ("DROP TABLE part",),
        "can_change_partition",
    ),
    "the application makes roles, and the table is a superuser's": (
        ("ALTER TABLE audit_log OWNER TO postgres", "ALTER ROLE app CREATEROLE"),
        ("ALTER ROLE app NOCREATEROLE", "ALTER TABLE audit_log OWNER TO ledger_owner"),
        "owns",
    ),
    "programs of the server": (
        ("GRANT pg_execute_server_program TO app",),
        ("REVOKE pg_execute_server_program FROM app",),
        "superuser",
    ),
}  # fmt: skip
_ALL = ("can_update", "can_delete", "can_truncate", "owns", "superuser", "can_change_partition")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with good_server() as running:
        yield running


def audit_table(server: Server) -> Mapping[str, Any]:
    name = "postgres.audit_table"
    read = collect(target_of(server), [name])[name]
    assert read.gaps == ()
    (resource,) = read.resources
    return resource.data


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_change_the_audit_table_is_seen(server: Server, way: str) -> None:
    done, undone, field = WAYS[way]
    try:
        server.run(*done, database="ledger")
        row = audit_table(server)
    finally:
        server.run(*undone, database="ledger")
    assert {name for name in _ALL if row[name]} == {field}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW shown AS SELECT count(*) FROM audit_log",
        "CREATE VIEW shown WITH (security_invoker = true) AS SELECT * FROM audit_log",
        "CREATE VIEW shown WITH (security_invoker = on) AS SELECT * FROM audit_log",
    ],
)
def test_a_view_that_changes_nothing_is_no_way(server: Server, statement: str) -> None:
    server.run(statement, "GRANT ALL ON shown TO app", database="ledger")
    try:
        row = audit_table(server)
    finally:
        server.run("DROP VIEW shown", database="ledger")
    assert {name for name in _ALL if row[name]} == set()


def test_a_database_that_calls_itself_a_template_is_read(server: Server) -> None:
    server.run("ALTER DATABASE ledger IS_TEMPLATE true")
    try:
        read = collect(target_of(server), ["postgres.table"])["postgres.table"]
    finally:
        server.run("ALTER DATABASE ledger IS_TEMPLATE false")
    assert read.facts["databases"] == ["ledger", "postgres"]


def test_a_right_of_everybody_on_one_column_is_a_right(server: Server) -> None:
    server.run("GRANT SELECT (body) ON audit_log TO PUBLIC", database="ledger")
    try:
        read = collect(target_of(server), ["postgres.table"])["postgres.table"]
    finally:
        server.run("REVOKE SELECT (body) ON audit_log FROM PUBLIC", database="ledger")
    tables = {str(row.data["id"]): row.data for row in read.resources}
    assert tables["ledger.public.audit_log"]["public_privileges"] == ["SELECT"]


def test_a_log_that_is_off_for_one_role_is_seen(server: Server) -> None:
    server.run("ALTER ROLE app IN DATABASE ledger SET log_statement = 'none'")
    try:
        read = collect(target_of(server), ["postgres.server"])["postgres.server"]
    finally:
        server.run("ALTER ROLE app IN DATABASE ledger RESET log_statement")
    (row,) = read.resources
    assert (row.data["log_statement"], row.data["log_overrides"]) == (
        "ddl",
        [{"place": "role app in database ledger", "name": "log_statement", "value": "none"}],
    )


@pytest.mark.parametrize(
    ("power", "field"),
    [
        ("CREATEROLE", "create_role"),
        ("CREATEDB", "create_database"),
        ("REPLICATION", "replication"),
        ("BYPASSRLS", "bypass_row_security"),
    ],
)
def test_a_power_that_a_role_can_take_on_is_its_own(server: Server, power: str, field: str) -> None:
    server.run(f"CREATE ROLE mighty {power}", "GRANT mighty TO app", "ALTER ROLE app NOINHERIT")
    try:
        read = collect(target_of(server), ["postgres.role"])["postgres.role"]
    finally:
        server.run("DROP ROLE mighty", "ALTER ROLE app INHERIT")
    assert power_of(read)[field] is True


def test_who_runs_programs_of_the_server_reaches_the_superuser(server: Server) -> None:
    server.run("GRANT pg_execute_server_program TO app")
    try:
        read = collect(target_of(server), ["postgres.role"])["postgres.role"]
    finally:
        server.run("REVOKE pg_execute_server_program FROM app")
    assert power_of(read)["reaches_superuser"] is True


def power_of(read: Observation) -> Mapping[str, Any]:
    return next(row.data for row in read.resources if row.data["name"] == "app")


def test_the_environment_leads_to_no_other_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.9")
    monkeypatch.setenv("PGOPTIONS", "-c log_statement=none")
    read = collect(target_of(server), ["postgres.server"])["postgres.server"]
    assert (read.gaps, len(read.resources)) == ((), 1)
