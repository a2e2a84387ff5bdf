"""The shipped PostgreSQL controls over real servers: one without fault, and fault after fault."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psycopg
import pytest

from auditor.core.model.finding import Finding
from auditor.core.model.target import Target
from tests.services.postgres.planted import SETTINGS, bad_server, good_server
from tests.services.postgres.server import Server, next_second_of
from tests.services.sql_controls.judging import Found, scan, shipped_controls, shown
from tests.services.sql_controls.postgres_faults import FAULTS, Fault
from tests.services.sql_controls.standby import standby

pytestmark = pytest.mark.service
CHAIN = shipped_controls("applications", "audit-chain")[0]
CONTROLS = [
    *shipped_controls("databases", "postgres-"),
    CHAIN.model_copy(update={"checks": CHAIN.checks[:1]}),
]
PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "postgres-encryption": {"allow_loopback": False},
    "postgres-capacity": {"max_idle": "1s", "max_age": "1s", "max_blocked": "1s"},
}
APP = "application-of-the-tests"


@dataclass(frozen=True)
class Good:
    """A server without fault, with a replica and a session of its application."""

    server: Server

    def scan(self) -> tuple[list[Finding], Found]:
        return scan(CONTROLS, [target_of(self.server)], parameters=PARAMETERS)


def target_of(server: Server) -> Target:
    return Target("db", "postgres-server", "prod", {}, server.settings(**SETTINGS))


def session(server: Server, sslmode: str = "require") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        dbname="ledger",
        user="app",
        password=APP,
        sslmode=sslmode,
    )


def until(server: Server, condition: str) -> None:
    """Wait for what the server does on its own."""
    end = time.monotonic() + 15
    with server.connect() as connection:
        while connection.execute(f"SELECT {condition}".encode()).fetchone() != (True,):
            assert time.monotonic() < end, condition
            time.sleep(0.05)


def archive(server: Server) -> None:
    """Have the log of changes archived now."""
    server.run(
        "CREATE TABLE IF NOT EXISTS marks (at timestamptz)", "INSERT INTO marks VALUES (now())"
    )
    server.run("SELECT pg_switch_wal()")
    until(
        server, "last_archived_time > coalesce(last_failed_time, '-infinity') FROM pg_stat_archiver"
    )


@pytest.fixture(scope="module")
def good() -> Iterator[Good]:
    with good_server() as server, standby(server), session(server) as open_session:
        open_session.autocommit = True
        archive(server)
        until(server, "count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
        yield Good(server)


def reload(server: Server) -> None:
    with server.connect() as connection:
        row = connection.execute("SELECT pg_conf_load_time()::text").fetchone()
        assert row is not None
        connection.execute("SELECT pg_reload_conf()")
    until(server, f"pg_conf_load_time() > '{row[0]}'")


@contextmanager
def planted(server: Server, fault: Fault) -> Iterator[None]:
    rules = server.folder / "pg_hba.conf"
    before = rules.read_text()
    try:
        for database, statement in fault.do:
            server.run(statement, database=database)
        if fault.rule:
            rules.write_text(f"{before}{fault.rule}\n")
            next_second_of(rules)
        if fault.resets or fault.rule:
            reload(server)
        yield
    finally:
        if fault.rule:
            rules.write_text(before)
            next_second_of(rules)
        for database, statement in fault.undo:
            server.run(statement, database=database)
        for name in fault.resets:
            server.run(f"ALTER SYSTEM RESET {name}")
        if fault.resets or fault.rule:
            reload(server)


def test_the_good_server_has_no_fail_and_no_error(good: Good) -> None:
    findings, _ = good.scan()
    assert shown(findings, "fail", "error") == []
    passed = {f"{one.control}/{one.check}" for one in findings if one.status.value == "pass"}
    assert passed == {f"{c.id}/{check.id}" for c in CONTROLS for check in c.checks}


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 25
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_gives_its_finding_and_no_other(good: Good, fault: Fault) -> None:
    with planted(good.server, fault):
        findings, _ = good.scan()
    bad = shown(findings, "fail", "error")
    assert {check: said for check, _, _, said in bad} == dict(fault.finds)
    assert {status for _, _, status, _ in bad} == {"fail"}


def test_a_session_without_tls_is_found(good: Good) -> None:
    rule = Fault("plain", {}, rule="host all app 127.0.0.1/32 scram-sha-256")
    with planted(good.server, replace(rule, resets=["work_mem"])), session(good.server, "disable"):
        findings, _ = good.scan()
    assert [(one[0], one[3]) for one in shown(findings, "fail", "error")] == [
        ("sessions", "encrypted")
    ]


def test_an_open_transaction_and_whoever_waits_for_it_are_found(good: Good) -> None:
    with session(good.server) as holder, session(good.server) as waiter:
        holder.execute("SELECT count(*) FROM audit_log")
        holder.execute("INSERT INTO audit_log VALUES (999, now(), 'x', 'x', 'x')")
        with waiter.pipeline():
            waiter.execute("INSERT INTO audit_log VALUES (999, now(), 'x', 'x', 'x')")
            until(good.server, "count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            time.sleep(1.5)
            findings, _ = good.scan()
            holder.rollback()
        waiter.rollback()
    told = {(one[0], one[3]) for one in shown(findings, "fail", "error")}
    assert told == {("activity", "open"), ("activity", "runs, blocked")}


def test_archiving_that_fails_is_found(good: Good) -> None:
    fault = Fault(
        "archive",
        {},
        [("postgres", "ALTER SYSTEM SET archive_command = 'false'")],
        resets=["archive_command"],
    )
    with planted(good.server, fault):
        good.server.run("INSERT INTO marks VALUES (now())", "SELECT pg_switch_wal()")
        until(
            good.server,
            "coalesce(last_failed_time > last_archived_time, false) FROM pg_stat_archiver",
        )
        findings, _ = good.scan()
    archive(good.server)
    assert [(one[0], one[3]) for one in shown(findings, "fail", "error")] == [
        ("archiving", "without-failures")
    ]


def test_connections_near_their_limit_are_found(good: Good) -> None:
    with good.server.connect() as connection:
        row = connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    assert row is not None
    opened = [session(good.server) for _ in range(int(row[0]) * 8 // 10)]
    try:
        findings, _ = good.scan()
    finally:
        for one in opened:
            one.close()
    assert [(one[0], one[3]) for one in shown(findings, "fail", "error")] == [
        ("connections", "below-limit")
    ]


def test_without_a_replica_the_check_fails() -> None:
    with good_server() as server, session(server) as open_session:
        open_session.autocommit = True
        archive(server)
        findings, _ = scan(CONTROLS, [target_of(server)], parameters=PARAMETERS)
    bad = shown(findings, "fail", "error")
    assert {(one[0], one[1], one[2]) for one in bad} == {
        ("replicas", "enough replicas that follow", "fail")
    }


def test_a_server_that_is_wrong_everywhere_fails_everywhere() -> None:
    with bad_server() as server:
        settings = server.settings(**{**SETTINGS, "tls": "off"})
        settings.pop("ca_file", None)
        target = Target("db", "postgres-server", "prod", {}, settings)
        findings, _ = scan(CONTROLS, [target], parameters=PARAMETERS, now=datetime.now(UTC))
    every = {check.id for control in CONTROLS for check in control.checks}
    may_be_right = {
        "sessions",
        "connections",
        "activity",
        "checksums",
        "version",
        "application-roles",
    }
    assert every - {one[0] for one in shown(findings, "fail")} <= may_be_right
