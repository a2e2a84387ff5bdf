"""Code that changes an audit table with somebody else's rights, and code that cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg
import pytest

from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause
from tests.services.postgres.conftest import collect, target_of
from tests.services.postgres.planted import good_server
from tests.services.postgres.server import PASSWORD, SUPERUSER, Server

pytestmark = pytest.mark.service
_FORGE = """CREATE FUNCTION forge() RETURNS void LANGUAGE sql SECURITY DEFINER
  BEGIN ATOMIC UPDATE audit_log SET body = 'forged' WHERE id = 7; END"""
_OWNED = "ALTER FUNCTION forge() OWNER TO ledger_owner"
_CLOSED = "REVOKE EXECUTE ON FUNCTION forge() FROM PUBLIC"
_STAMP = """CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  AS $$ BEGIN RETURN NEW; END $$"""
_PLAIN = ("CREATE TABLE jobs (id int)", "GRANT INSERT ON jobs TO app")
_TALLY = (
    """CREATE FUNCTION step(int, int) RETURNS int LANGUAGE sql SECURITY DEFINER
       AS 'SELECT $1 + $2'""",
    "ALTER FUNCTION step(int, int) OWNER TO ledger_owner",
    "REVOKE EXECUTE ON FUNCTION step(int, int) FROM PUBLIC",
    "CREATE AGGREGATE tally(int) (SFUNC = step, STYPE = int, INITCOND = '0')",
    "ALTER AGGREGATE tally(int) OWNER TO ledger_owner",
)
_NO_TALLY = ("DROP AGGREGATE tally(int)", "DROP FUNCTION step(int, int)")
# What is done, what undoes it, and how the way that must be told begins.
WAYS: Mapping[str, tuple[Sequence[str], Sequence[str], str]] = {
    "a routine of the owner that everybody may run": (
        (_FORGE, _OWNED), ("DROP FUNCTION forge()",), "public.forge() as ledger_owner",
    ),
    "a routine of a superuser": (
        (_FORGE,), ("DROP FUNCTION forge()",), "public.forge() as postgres",
    ),
    "a routine of a role that may delete, by a role of the application": (
        (_FORGE, "CREATE ROLE cleaner", "GRANT DELETE ON audit_log TO cleaner", _CLOSED,
         "ALTER FUNCTION forge() OWNER TO cleaner", "CREATE ROLE jobs_role",
         "GRANT EXECUTE ON FUNCTION forge() TO jobs_role", "GRANT jobs_role TO app"),
        ("DROP FUNCTION forge()", "DROP OWNED BY cleaner", "DROP ROLE cleaner, jobs_role"),
        "public.forge() as cleaner",
    ),
    "a routine that runs another": (
        (_FORGE, _OWNED, "CREATE ROLE helper", _CLOSED,
         "GRANT EXECUTE ON FUNCTION forge() TO helper",
         """CREATE PROCEDURE again() LANGUAGE plpgsql SECURITY DEFINER
            AS $$ BEGIN PERFORM forge(); END $$""",
         "ALTER PROCEDURE again() OWNER TO helper"),
        ("DROP PROCEDURE again()", "DROP FUNCTION forge()", "DROP ROLE helper"),
        "public.again() as helper",
    ),
    "a trigger of another table": (
        (*_PLAIN, _STAMP, "ALTER FUNCTION stamp() OWNER TO ledger_owner",
         "REVOKE EXECUTE ON FUNCTION stamp() FROM PUBLIC",
         "CREATE TRIGGER stamped BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION stamp()"),
        ("DROP TABLE jobs", "DROP FUNCTION stamp()"),
        "public.stamp() as ledger_owner",
    ),
    "an aggregate": (_TALLY, _NO_TALLY, "public.step(integer,integer) as ledger_owner"),
    "a rule of another table": (
        (*_PLAIN, "CREATE RULE wipe AS ON INSERT TO jobs DO ALSO DELETE FROM audit_log"),
        ("DROP TABLE jobs",),
        "rule wipe on public.jobs",
    ),
    "a rule over one column, for a view": (
        ("CREATE TABLE jobs (id int, note text)", "GRANT UPDATE (note) ON jobs TO app",
         "CREATE VIEW shown AS SELECT * FROM audit_log",
         """CREATE RULE wipe AS ON UPDATE TO jobs WHERE NEW.id > 3
            DO ALSO UPDATE shown SET body = NEW.note"""),
        ("DROP TABLE jobs", "DROP VIEW shown"),
        "rule wipe on public.jobs",
    ),
    "the right to make triggers": (
        ("GRANT TRIGGER ON audit_log TO app",), ("REVOKE TRIGGER ON audit_log FROM app",),
        "right TRIGGER on public.audit_log",
    ),
}  # fmt: skip
HARMLESS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "a routine that runs as its caller": (
        ("CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'",), ("DROP FUNCTION own()",),
    ),
    "a routine that the application may not run": (
        (_FORGE, _OWNED, _CLOSED), ("DROP FUNCTION forge()",),
    ),
    "a routine of the application itself": (
        (_FORGE, "ALTER FUNCTION forge() OWNER TO app"), ("DROP FUNCTION forge()",),
    ),
    "a routine of a role that may change nothing": (
        (_FORGE, "CREATE ROLE idle", "ALTER FUNCTION forge() OWNER TO idle"),
        ("DROP FUNCTION forge()", "DROP ROLE idle"),
    ),
    "a routine that an extension brought": (
        (_FORGE, "ALTER EXTENSION plpgsql ADD FUNCTION forge()"),
        ("ALTER EXTENSION plpgsql DROP FUNCTION forge()", "DROP FUNCTION forge()"),
    ),
    "a rule that only adds": (
        (*_PLAIN, """CREATE RULE log AS ON INSERT TO jobs
           DO ALSO INSERT INTO audit_log VALUES (999, now(), 'x', 'x', 'x')"""),
        ("DROP TABLE jobs",),
    ),
    "a rule that the application cannot set off": (
        ("CREATE TABLE jobs (id int)",
         "CREATE RULE wipe AS ON INSERT TO jobs DO ALSO DELETE FROM audit_log"),
        ("DROP TABLE jobs",),
    ),
}  # fmt: skip
_ALL = ("can_update", "can_delete", "can_truncate", "owns", "superuser", "can_change_partition")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with good_server() as running:
        yield running


@contextmanager
def changed(server: Server, done: Sequence[str], undone: Sequence[str]) -> Iterator[Resource]:
    """The row of the audit table while something is done to the database."""
    name = "postgres.audit_table"
    try:
        server.run(*done, database="ledger")
        read = collect(target_of(server), [name])[name]
        assert read.gaps == ()
        (resource,) = read.resources
        yield resource
    finally:
        server.run(*undone, database="ledger")


def ways_of(row: Resource) -> list[str]:
    told = row.data["indirect"]
    assert isinstance(told, list)
    return told


@pytest.mark.parametrize("way", WAYS)
def test_code_that_could_change_the_audit_table_is_told(server: Server, way: str) -> None:
    done, undone, expected = WAYS[way]
    with changed(server, done, undone) as row:
        (told,) = ways_of(row)
        assert told.startswith(expected)
        assert {name for name in _ALL if row.data[name]} == set()


@pytest.mark.parametrize("way", HARMLESS)
def test_code_that_could_not_is_not_told(server: Server, way: str) -> None:
    done, undone = HARMLESS[way]
    with changed(server, done, undone) as row:
        assert row.data["indirect"] == []


def test_an_extensions_routine_of_no_superuser_is_told(server: Server) -> None:
    done, undone = HARMLESS["a routine that an extension brought"]
    with changed(server, (*done, _OWNED), undone) as row:
        assert str(row.data["indirect"]).startswith("['public.forge() as ledger_owner ")


def test_the_application_changes_a_row_by_such_a_routine(server: Server) -> None:
    """What is told is true: the guards off, the row is changed."""
    off = "ALTER TABLE audit_log DISABLE TRIGGER audit_rows"
    on = "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_rows"
    server.run(_FORGE, _OWNED, off, database="ledger")
    try:
        with server.connect("ledger", "app", "application-of-the-tests") as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("UPDATE audit_log SET body = 'forged' WHERE id = 7")
            connection.execute("SELECT forge()")
            found = connection.execute("SELECT body FROM audit_log WHERE id = 7").fetchall()
    finally:
        server.run(on, "DROP FUNCTION forge()", database="ledger")
    assert found == [("forged",)]


def test_an_aggregate_runs_what_its_caller_may_not_run(server: Server) -> None:
    server.run(*_TALLY, database="ledger")
    try:
        with server.connect("ledger", "app", "application-of-the-tests") as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT step(1, 2)")
            found = connection.execute("SELECT tally(n) FROM generate_series(1, 3) n").fetchall()
    finally:
        server.run(*_NO_TALLY, database="ledger")
    assert found == [(6,)]


def test_another_body_is_another_way(server: Server) -> None:
    """A review of the routine that was is none of the routine that is."""
    told = []
    for statement in ("'forged'", "'other'"):
        body = _FORGE.replace("'forged'", statement)
        with changed(server, (body, _OWNED), ("DROP FUNCTION forge()",)) as row:
            told.append(ways_of(row))
    assert told[0] != told[1]
    assert [len(ways) for ways in told] == [1, 1]


def test_rows_on_another_server_are_not_vouched_for(server: Server) -> None:
    done = (
        "CREATE EXTENSION postgres_fdw",
        "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE FOREIGN TABLE part () INHERITS (audit_log) SERVER far",
    )
    with changed(server, done, ("DROP EXTENSION postgres_fdw CASCADE",)) as row:
        gap = row.unread["indirect"]
    assert (gap.cause, "public.part" in gap.detail) == (Cause.NOT_SUPPORTED, True)


_FOREIGN = (
    "CREATE EXTENSION postgres_fdw",
    "CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'localhost')",
)


@pytest.mark.parametrize("name", ["audit_log", "part", "shown"])
def test_a_foreign_table_that_may_lead_back_is_told(server: Server, name: str) -> None:
    """By its own name, by that of a partition, and by that of a view."""
    done = (
        *_FOREIGN,
        "CREATE TABLE part () INHERITS (audit_log)",
        "CREATE VIEW shown AS SELECT * FROM audit_log",
        f"CREATE FOREIGN TABLE log (id bigint) SERVER back OPTIONS (table_name '{name}')",
        "CREATE FOREIGN TABLE other (id bigint) SERVER back OPTIONS (table_name 'jobs')",
        "GRANT DELETE ON log, other TO app",
    )
    undone = ("DROP VIEW shown", "DROP TABLE part", "DROP EXTENSION postgres_fdw CASCADE")
    with changed(server, done, undone) as row:
        (told,) = ways_of(row)
        assert told.startswith("foreign table public.log ")


_USED = "GRANT USAGE ON FOREIGN SERVER back TO app"
_MAPPED = "CREATE USER MAPPING FOR PUBLIC SERVER back OPTIONS (user 'keeper')"


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ((_USED, _MAPPED), ["foreign server back"]),
        ((_USED, _MAPPED.replace("PUBLIC", "app")), ["foreign server back"]),
        ((_USED, _MAPPED.replace("PUBLIC", "ledger_owner")), []),
        ((_MAPPED,), []),
        ((_USED, _MAPPED, "ALTER SERVER back OPTIONS (ADD dbname 'postgres')"), []),
    ],
    ids=["all are mapped", "it is mapped", "another is mapped", "may not use it", "other database"],
)
def test_a_foreign_server_that_may_lead_back_is_told(
    server: Server, done: Sequence[str], expected: Sequence[str]
) -> None:
    undone = ("DROP EXTENSION postgres_fdw CASCADE",)
    with changed(server, (*_FOREIGN, *done), undone) as row:
        assert [way.rpartition(" ")[0] for way in ways_of(row)] == expected


def test_the_application_deletes_a_row_by_a_foreign_server(server: Server) -> None:
    """What is told is true: a foreign table of its own, as somebody else."""
    server.run(
        "ALTER TABLE audit_log DISABLE TRIGGER audit_rows",
        "INSERT INTO audit_log VALUES (999, now(), 'x', 'x', 'x')",
        "CREATE EXTENSION postgres_fdw",
        "CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw"
        f" OPTIONS (host '127.0.0.1', port '{server.port}', dbname 'ledger')",
        f"CREATE USER MAPPING FOR PUBLIC SERVER back OPTIONS (user '{SUPERUSER}',"
        f" password '{PASSWORD}')",
        _USED,
        database="ledger",
    )
    try:
        with server.connect("ledger", "app", "application-of-the-tests") as connection:
            connection.execute(
                "CREATE FOREIGN TABLE pg_temp.mine (id bigint) SERVER back"
                " OPTIONS (schema_name 'public', table_name 'audit_log')"
            )
            deleted = connection.execute("DELETE FROM pg_temp.mine WHERE id = 999").rowcount
    finally:
        server.run(
            "DROP EXTENSION postgres_fdw CASCADE",
            "DELETE FROM audit_log WHERE id = 999",
            "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_rows",
            database="ledger",
        )
    assert deleted == 1


def test_thousands_of_routines_of_hundreds_of_roles_are_read_in_time(server: Server) -> None:
    """One acts as a superuser, and all may run it: so each role counts, and each routine."""
    each = "DO $$ BEGIN FOR i IN 1..{} LOOP {} END LOOP; END $$"
    make = (
        "EXECUTE format('CREATE FUNCTION many.f%s() RETURNS int LANGUAGE sql"
        " SECURITY DEFINER AS $f$SELECT 1$f$', i);"
        " EXECUTE format('ALTER FUNCTION many.f%s() OWNER TO many_%s', i, i % 300 + 1);"
    )
    done = (
        "CREATE SCHEMA many",
        each.format(300, "EXECUTE format('CREATE ROLE many_%s', i);"),
        each.format(4000, make),
        _FORGE,
    )
    undone = (
        "DROP FUNCTION forge()",
        "DROP SCHEMA many CASCADE",
        each.format(300, "EXECUTE format('DROP ROLE many_%s', i);"),
    )
    with changed(server, done, undone) as row:
        (told,) = ways_of(row)
    assert told.startswith("public.forge() as postgres")
