"""Code that changes an audit table with its definer's rights, and code that cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager

import pymysql
import pytest

from auditor.core.model.observation import Resource
from tests.services.mysql.conftest import AUDIT_TABLE
from tests.services.mysql.reading_mysql import read_all
from tests.services.mysql.servers import PASSWORD, Server, settings_of

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("password")]
_APP = "app@'10.0.0.%'"
_SECRET = f"IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')"
_CLOSED = "REVOKE SELECT ON shop.shown FROM app@'10.0.0.%'"
_WIPE = "CREATE PROCEDURE shop.wipe() DELETE FROM shop.events"
_COUNTED = """CREATE FUNCTION shop.wipe() RETURNS INT DETERMINISTIC
  BEGIN DELETE FROM shop.events; RETURN 1; END"""
_JOBS = "CREATE TABLE shop.jobs (id INT)"
_FIRED = "CREATE TRIGGER shop.fired AFTER INSERT ON shop.jobs FOR EACH ROW DELETE FROM shop.events"
# What is done, what undoes it, and how the code that must be told begins.
WAYS: Mapping[str, tuple[Sequence[str], Sequence[str], str]] = {
    "a procedure": (
        (_WIPE, f"GRANT EXECUTE ON PROCEDURE shop.wipe TO {_APP}"),
        ("DROP PROCEDURE shop.wipe",),
        "procedure shop.wipe as root@localhost ",
    ),
    "a function, by a right on the database that a role has": (
        (_COUNTED,
         "CREATE ROLE runners", "GRANT EXECUTE ON shop.* TO runners", f"GRANT runners TO {_APP}"),
        ("DROP FUNCTION shop.wipe", "DROP ROLE runners"),
        "function shop.wipe as root@localhost ",
    ),
    "a procedure of a role that may delete": (
        ("CREATE ROLE cleaner", "GRANT DELETE ON shop.events TO cleaner",
         "CREATE DEFINER = cleaner PROCEDURE shop.wipe() DELETE FROM shop.events",
         f"GRANT EXECUTE ON PROCEDURE shop.wipe TO {_APP}"),
        ("DROP PROCEDURE shop.wipe", "DROP ROLE cleaner"),
        "procedure shop.wipe as cleaner",
    ),
    "a procedure that it can alter to run as its definer": (
        ("CREATE PROCEDURE shop.wipe() SQL SECURITY INVOKER DELETE FROM shop.events",
         f"GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE shop.wipe TO {_APP}"),
        ("DROP PROCEDURE shop.wipe",),
        "procedure shop.wipe as root@localhost ",
    ),
    "a procedure that runs another": (
        (_WIPE, f"CREATE USER helper@localhost {_SECRET}",
         "GRANT EXECUTE ON PROCEDURE shop.wipe TO helper@localhost",
         "CREATE DEFINER = helper@localhost PROCEDURE shop.again() CALL shop.wipe()",
         f"GRANT EXECUTE ON PROCEDURE shop.again TO {_APP}"),
        ("DROP PROCEDURE shop.again", "DROP PROCEDURE shop.wipe", "DROP USER helper@localhost"),
        "procedure shop.again as helper@localhost ",
    ),
    "a trigger of a table that it writes": (
        (_JOBS, _FIRED, f"GRANT INSERT ON shop.jobs TO {_APP}"),
        ("DROP TABLE shop.jobs", f"REVOKE INSERT ON shop.jobs FROM {_APP}"),
        "trigger shop.fired on jobs as root@localhost ",
    ),
    "a view": (
        ("CREATE VIEW shop.shown AS SELECT * FROM shop.events",
         f"GRANT DELETE ON shop.shown TO {_APP}"),
        ("DROP VIEW shop.shown", f"REVOKE DELETE ON shop.shown FROM {_APP}"),
        "view shop.shown as root@localhost",
    ),
    "a view that is only read and runs a function as its definer": (
        (_COUNTED, "CREATE VIEW shop.shown AS SELECT shop.wipe() AS n",
         f"GRANT SELECT ON shop.shown TO {_APP}"),
        ("DROP VIEW shop.shown", "DROP FUNCTION shop.wipe",
         _CLOSED),
        "view shop.shown as root@localhost",
    ),
    "an event": (
        ("CREATE EVENT shop.purge ON SCHEDULE EVERY 1 DAY DO DELETE FROM shop.events",),
        ("DROP EVENT shop.purge",),
        "event shop.purge as root@localhost ",
    ),
}  # fmt: skip
HARMLESS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "a procedure that it may not run": ((_WIPE,), ("DROP PROCEDURE shop.wipe",)),
    "a procedure that runs as its caller": (
        ("CREATE PROCEDURE shop.wipe() SQL SECURITY INVOKER DELETE FROM shop.events",
         f"GRANT EXECUTE ON PROCEDURE shop.wipe TO {_APP}"),
        ("DROP PROCEDURE shop.wipe",),
    ),
    "a procedure of an account that may not change rows": (
        (f"CREATE USER idle@localhost {_SECRET}", "GRANT INSERT ON shop.events TO idle@localhost",
         "CREATE DEFINER = idle@localhost PROCEDURE shop.wipe() DELETE FROM shop.events",
         f"GRANT EXECUTE ON PROCEDURE shop.wipe TO {_APP}"),
        ("DROP PROCEDURE shop.wipe", "DROP USER idle@localhost"),
    ),
    "a procedure of an account that is gone": (
        ("CREATE DEFINER = gone@localhost PROCEDURE shop.wipe() DELETE FROM shop.events",
         f"GRANT EXECUTE ON PROCEDURE shop.wipe TO {_APP}"),
        ("DROP PROCEDURE shop.wipe",),
    ),
    "a trigger of a table that it does not write": (
        (_JOBS, _FIRED, f"GRANT SELECT, DELETE ON shop.jobs TO {_APP}"),
        ("DROP TABLE shop.jobs", f"REVOKE SELECT, DELETE ON shop.jobs FROM {_APP}"),
    ),
    "a trigger that only refuses": (
        (_JOBS, _FIRED.replace("DELETE FROM shop.events", "SIGNAL SQLSTATE '45000'"),
         f"GRANT INSERT ON shop.jobs TO {_APP}"),
        ("DROP TABLE shop.jobs", f"REVOKE INSERT ON shop.jobs FROM {_APP}"),
    ),
    "a trigger of the audit table itself": (
        (_FIRED.replace("shop.jobs", "shop.events"),),
        ("DROP TRIGGER shop.fired",),
    ),
    "a view with its reader's rights": (
        ("CREATE SQL SECURITY INVOKER VIEW shop.shown AS SELECT * FROM shop.events",
         f"GRANT DELETE ON shop.shown TO {_APP}"),
        ("DROP VIEW shop.shown", f"REVOKE DELETE ON shop.shown FROM {_APP}"),
    ),
    "a view that is only read, where there is no function": (
        ("CREATE VIEW shop.shown AS SELECT * FROM shop.events",
         f"GRANT SELECT ON shop.shown TO {_APP}"),
        ("DROP VIEW shop.shown", _CLOSED),
    ),
    "a view that is only read, of an account that may run no function": (
        (_COUNTED, f"CREATE USER idle@localhost {_SECRET}",
         "GRANT SELECT, DELETE ON shop.events TO idle@localhost",
         "CREATE DEFINER = idle@localhost VIEW shop.shown AS SELECT * FROM shop.events",
         f"GRANT SELECT ON shop.shown TO {_APP}"),
        ("DROP VIEW shop.shown", "DROP FUNCTION shop.wipe", "DROP USER idle@localhost",
         _CLOSED),
    ),
    "a view that cannot be changed": (
        ("CREATE VIEW shop.shown AS SELECT COUNT(*) AS n FROM shop.events",
         f"GRANT DELETE ON shop.shown TO {_APP}"),
        ("DROP VIEW shop.shown", f"REVOKE DELETE ON shop.shown FROM {_APP}"),
    ),
}  # fmt: skip


@contextmanager
def changed(
    server: Server, executor: Executor, done: Sequence[str], undone: Sequence[str]
) -> Iterator[Resource]:
    """The row of the audit table while something is done to the server."""
    settings = settings_of(server, audit_tables=[AUDIT_TABLE])
    try:
        server.sql(*done)
        (row,) = read_all(executor, settings, "mysql.audit_table")["mysql.audit_table"].resources
        yield row
    finally:
        server.sql(*undone)


def told(row: Resource) -> list[str]:
    assert row.unread == {}
    assert row.data["excess"] == []
    found = row.data["indirect"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_code_that_could_change_the_audit_table_is_told(
    good: Server, executor: Executor, way: str
) -> None:
    done, undone, expected = WAYS[way]
    with changed(good, executor, done, undone) as row:
        (found,) = told(row)
    assert found.startswith(expected)


@pytest.mark.parametrize("way", HARMLESS)
def test_code_that_could_not_is_not_told(good: Server, executor: Executor, way: str) -> None:
    done, undone = HARMLESS[way]
    with changed(good, executor, done, undone) as row:
        assert told(row) == []


def test_another_body_is_other_code(good: Server, executor: Executor) -> None:
    done, undone, _ = WAYS["a procedure"]
    found = []
    for body in ("shop.events", "shop.events WHERE id = 3"):
        text = done[0].replace("shop.events", body)
        with changed(good, executor, (text, *done[1:]), undone) as row:
            found.append(told(row))
    assert found[0] != found[1]


def test_the_server_refuses_what_is_said_to_be_refused(good: Server) -> None:
    """A trigger of a table cannot change the table, and a definer that is gone runs nothing."""
    good.sql(
        "CREATE TABLE shop.small (id INT)",
        "CREATE TRIGGER shop.own AFTER INSERT ON shop.small FOR EACH ROW DELETE FROM shop.small",
        "CREATE DEFINER = gone@localhost PROCEDURE shop.lost() DELETE FROM shop.small",
    )
    try:
        with pytest.raises(pymysql.err.OperationalError, match="1442"):
            good.sql("INSERT INTO shop.small VALUES (1)")
        with pytest.raises(pymysql.err.OperationalError, match="1449"):
            good.sql("CALL shop.lost()")
    finally:
        good.sql("DROP TABLE shop.small", "DROP PROCEDURE shop.lost")


def test_who_only_reads_a_view_deletes_rows_by_its_function(good: Server) -> None:
    """What is told is true: no right on the row, none on the function, and a row is gone."""
    good.sql(
        "CREATE TABLE shop.log (id INT)", "INSERT INTO shop.log VALUES (1), (2)",
        """CREATE FUNCTION shop.wipe() RETURNS INT DETERMINISTIC
           BEGIN DELETE FROM shop.log WHERE id = 1; RETURN 1; END""",
        "CREATE VIEW shop.shown AS SELECT shop.wipe() AS n",
        f"CREATE USER near@'%' {_SECRET}",
        "GRANT SELECT ON shop.shown TO near@'%'",
    )  # fmt: skip
    try:
        with (
            pymysql.connect(
                host="127.0.0.1", port=good.port, user="near", password=PASSWORD,
                ssl_ca=str(good.ca), autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute("SELECT shop.wipe()")
            cursor.execute("SELECT n FROM shop.shown")
        left = good.sql("SELECT id FROM shop.log")
    finally:
        good.sql(
            "DROP VIEW shop.shown", "DROP FUNCTION shop.wipe", "DROP TABLE shop.log",
            "DROP USER near@'%'",
        )  # fmt: skip
    assert left == [(2,)]


def test_the_application_deletes_rows_by_such_a_procedure(good: Server) -> None:
    """What is told is true: no privilege of its own, and a row is gone."""
    good.sql(
        "CREATE TABLE shop.log (id INT)", "INSERT INTO shop.log VALUES (1), (2)",
        "CREATE PROCEDURE shop.wipe() DELETE FROM shop.log WHERE id = 1",
        f"CREATE USER near@'%' {_SECRET}",
        "GRANT SELECT ON shop.log TO near@'%'",
        "GRANT EXECUTE ON PROCEDURE shop.wipe TO near@'%'",
    )  # fmt: skip
    try:
        with (
            pymysql.connect(
                host="127.0.0.1", port=good.port, user="near", password=PASSWORD,
                ssl_ca=str(good.ca), autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute("DELETE FROM shop.log")
            cursor.execute("CALL shop.wipe()")
            cursor.execute("SELECT id FROM shop.log")
            left = cursor.fetchall()
    finally:
        good.sql("DROP PROCEDURE shop.wipe", "DROP TABLE shop.log", "DROP USER near@'%'")
    assert left == ((2,),)
