"""Two MariaDB servers, one set up as the controls want it, one as it should not be."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.constants import COMMAND

from auditor.collectors.mysql import MysqlCollector
from tests.services.mysql.servers import BAD, GOOD, PASSWORD, Server, grant_lines, mariadb

EVENTS = """CREATE TABLE shop.events (id BIGINT PRIMARY KEY, at TIMESTAMP(6) NOT NULL,
 body TEXT NOT NULL, prev_hash CHAR(64) NOT NULL, hash CHAR(64) NOT NULL) DEFAULT CHARSET utf8mb4"""
GUARDS = tuple(
    f"CREATE TRIGGER shop.keep_{event} BEFORE {event} ON shop.events FOR EACH ROW"
    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'append only'"
    for event in ("UPDATE", "DELETE")
)
SECURE_ROOT = (
    f"SET PASSWORD = PASSWORD('{PASSWORD}')",
    "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost'",
    "FLUSH PRIVILEGES",
    f"ALTER USER root@localhost IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')",
)


def row_of(number: int, previous: str, body: str) -> tuple[int, str, str, str, str]:
    """A row of the chain: the digest covers the link, the number, the time and the body."""
    at = f"2026-03-01 10:00:{number % 60:02d}.000000"
    text = "|".join((previous, str(number), at, body))
    return number, at, body, previous, hashlib.sha256(text.encode()).hexdigest()


def fill_chain(server: Server, rows: int, body: str = "entry ä€😀") -> None:
    """Append rows, each linked to the one before."""
    with server.admin() as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM shop.events")
        (last,) = cursor.fetchall()[0]
        cursor.execute("SELECT hash FROM shop.events WHERE id = %s", (last,))
        head = "".join(found for (found,) in cursor.fetchall())
        for number in range(last + 1, last + 1 + rows):
            row = row_of(number, head, body)
            cursor.execute("INSERT INTO shop.events VALUES (%s, %s, %s, %s, %s)", row)
            head = row[4]


CHAIN = {
    "order_by": "id",
    "sequence": "id",
    "columns": [{"name": name} for name in ("prev_hash", "id", "at", "body")],
    "previous": "prev_hash",
    "digest": "hash",
    "genesis": "",
    "canonical": {"form": "concat", "separator": "|"},
}
AUDIT_TABLE = {
    "database": "shop",
    "table": "events",
    "application_roles": ["app"],
    "chain": CHAIN,
}


def receive_log(server: Server) -> pymysql.Connection[Any]:
    """A connection that is sent the binary log, as a replica's is."""
    connection = server.admin()
    with connection.cursor() as cursor:
        cursor.execute("SET @master_binlog_checksum = @@global.binlog_checksum")
        cursor.execute("SET @mariadb_slave_capability = 4")
    start = struct.pack("<IHI", 4, 0, 4242) + b"bin.000001"  # position, flags, id of the receiver
    connection._execute_command(COMMAND.COM_BINLOG_DUMP, start)  # type: ignore[attr-defined]
    return connection


def make_auditor(server: Server) -> None:
    """The auditor's account, by the SQL that the program prints."""
    collector = MysqlCollector()
    document = collector.grants(list(collector.resource_types()))["sql"]
    server.sql(
        *grant_lines(document, ["`shop`.`events`"]),
        f"ALTER USER auditor@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')",
    )


@pytest.fixture(scope="session")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_TEST_MYSQL", PASSWORD)


@contextmanager
def good_mariadb() -> Iterator[Server]:
    """Nothing to find."""
    with open_folder() as folder, mariadb(folder, GOOD) as server:
        server.sql(SECURE_ROOT[0])
        server.root_password = PASSWORD
        server.sql(
            *SECURE_ROOT[1:],
            "CREATE DATABASE shop",
            EVENTS,
            *GUARDS,
            "CREATE USER app@'10.0.0.%' IDENTIFIED VIA ed25519"
            f" USING PASSWORD('{PASSWORD}') REQUIRE SSL",
            "GRANT SELECT, INSERT ON shop.events TO app@'10.0.0.%'",
            "CREATE PROCEDURE shop.totals() SQL SECURITY INVOKER SELECT COUNT(*) FROM shop.events",
        )
        make_auditor(server)
        fill_chain(server, 20)
        receiver = receive_log(server)
        yield server
        receiver.close()


@pytest.fixture(scope="session")
def good() -> Iterator[Server]:
    """Nothing to find."""
    with good_mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def bad() -> Iterator[Server]:
    """A fault for every check; `PLANTED` of the test names what each must give."""
    with open_folder() as folder, mariadb(folder, BAD) as server:
        server.sql(
            "CREATE DATABASE shop",
            EVENTS,
            "CREATE TRIGGER shop.soft BEFORE UPDATE ON shop.events FOR EACH ROW"
            " IF NEW.id < 0 THEN SIGNAL SQLSTATE '45000'; END IF",
            "CREATE USER ''@'db.example.org'",
            "CREATE USER dba@'%' IDENTIFIED BY 'x'",
            "GRANT ALL ON *.* TO dba@'%' WITH GRANT OPTION",
            "CREATE USER app@'10.0.0.%' IDENTIFIED BY 'x'",
            "GRANT SELECT, INSERT, DELETE ON shop.* TO app@'10.0.0.%'",
            "GRANT FILE ON *.* TO app@'10.0.0.%'",
            "CREATE ROLE editors",
            "GRANT UPDATE ON shop.events TO editors",
            "GRANT editors TO app@'10.0.0.%'",
            "CREATE PROCEDURE shop.totals() SQL SECURITY DEFINER SELECT COUNT(*) FROM shop.events",
            "CREATE TABLE shop.legacy (id INT) ENGINE = MyISAM",
            "CREATE TABLE shop.`od``d-ä;--` (id INT)",
        )
        make_auditor(server)
        fill_chain(server, 20)
        server.sql("UPDATE shop.events SET body = 'other' WHERE id = 7")
        yield server


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the server's own user can reach: pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="auditor-mysql-") as name:
        yield Path(name)
