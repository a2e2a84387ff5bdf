"""Whatever goes wrong has a clear cause, nothing hangs, and odd data stays what it is."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import CollectionContext
from auditor.collectors.mysql import MysqlCollector
from auditor.collectors.mysql.session import MysqlSession, connect
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.failures import QueryFailedError
from auditor.core.model.query import BoundQuery, Query
from auditor.errors import ConfigError, UsageError
from tests.services.mysql.conftest import AUDIT_TABLE, EVENTS, make_auditor, open_folder
from tests.services.mysql.reading_mysql import read_all, target_of
from tests.services.mysql.servers import (
    PASSWORD,
    Server,
    free_port,
    mariadb,
    settings_of,
    write_certificates,
)

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("password")]


def causes(
    executor: Executor, settings: dict[str, object], timeout_s: float = 10.0
) -> set[tuple[str, str]]:
    """Cause and hint of every gap."""
    types = ("mysql.server", "mysql.account")
    found = read_all(executor, settings, *types, timeout_s=timeout_s)
    assert all(not one.resources for one in found.values())
    return {(str(gap.cause), gap.hint) for one in found.values() for gap in one.gaps}


def session_of(server: Server, timeout_s: float = 10.0) -> MysqlSession:
    settings = MysqlSettings.model_validate(settings_of(server))
    return connect(settings, PASSWORD, timeout_s)


def test_a_preflight_says_who_we_are_or_why_not(executor: Executor, good: Server) -> None:
    context = CollectionContext(clock=lambda: datetime.now(UTC), executor=executor, timeout_s=5.0)
    collector = MysqlCollector()
    signed_in = collector.preflight(target_of(settings_of(good)), context)
    assert signed_in.gap is None
    assert signed_in.identity.startswith("auditor@% on ")
    refused = collector.preflight(target_of({**settings_of(good), "port": free_port()}), context)
    assert refused.gap is not None
    assert refused.identity == "not signed in"


def test_wrong_types_and_settings_are_refused(executor: Executor, good: Server) -> None:
    context = CollectionContext(clock=lambda: datetime.now(UTC), executor=executor)
    with pytest.raises(UsageError, match=r"mysql\.nothing"):
        list(MysqlCollector().collect(target_of(settings_of(good)), ["mysql.nothing"], context))
    with pytest.raises(ConfigError, match="port"):
        MysqlCollector().preflight(target_of({**settings_of(good), "port": 0}), context)


def test_a_spent_budget_is_a_limit(executor: Executor, good: Server) -> None:
    context = CollectionContext(
        clock=lambda: datetime.now(UTC), executor=executor, budget=CallBudget(0)
    )
    (found,) = MysqlCollector().collect(target_of(settings_of(good)), ["mysql.server"], context)
    assert [gap.cause for gap in found.gaps] == ["limit"]


def test_a_file_of_authorities_that_is_not_there_is_said(executor: Executor, good: Server) -> None:
    settings = {**settings_of(good), "ca_file": "/nowhere/ca.pem"}
    (gap,) = read_all(executor, settings, "mysql.server")["mysql.server"].gaps
    assert "/nowhere/ca.pem" in gap.detail


def test_a_connection_that_trusts_anybody_must_be_asked_for(
    executor: Executor, good: Server
) -> None:
    settings = {**settings_of(good), "tls": "require"}
    del settings["ca_file"]
    assert read_all(executor, settings, "mysql.server")["mysql.server"].complete


def test_a_refused_connection_is_unreachable(executor: Executor, good: Server) -> None:
    settings = {**settings_of(good), "port": free_port()}
    ((cause, hint),) = causes(executor, settings)
    assert cause == "unreachable"
    assert "host and port" in hint


def test_a_wrong_password_is_denied(
    executor: Executor, good: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_TEST_MYSQL", "not the password")
    ((cause, hint),) = causes(executor, dict(settings_of(good)))
    assert cause == "denied"
    assert "password" in hint


def test_a_password_that_is_nowhere_is_said(
    executor: Executor, good: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUDITOR_TEST_MYSQL")
    ((cause, hint),) = causes(executor, dict(settings_of(good)))
    assert (cause, hint) == ("denied", "export AUDITOR_TEST_MYSQL=...")


def test_a_certificate_of_another_authority_is_refused(
    executor: Executor, good: Server, tmp_path: Path
) -> None:
    settings = {**settings_of(good), "ca_file": str(write_certificates(tmp_path))}
    found = read_all(executor, settings, "mysql.server")["mysql.server"]
    (gap,) = found.gaps
    assert gap.cause == "unreachable"
    assert "certificate verify failed" in gap.detail


def test_a_plain_connection_to_a_server_that_wants_tls_is_denied(
    executor: Executor, good: Server
) -> None:
    settings = {**settings_of(good), "tls": "off"}
    del settings["ca_file"]
    ((cause, _),) = causes(executor, settings)
    assert cause == "denied"


def test_a_server_without_tls_is_never_given_a_password(executor: Executor) -> None:
    with open_folder() as folder, mariadb(folder, "skip-ssl") as server:
        found = read_all(executor, settings_of(server), "mysql.server")["mysql.server"]
    (gap,) = found.gaps
    assert gap.cause == "unreachable"
    assert "doesn't support it" in gap.detail


def test_a_server_that_never_answers_is_a_timeout(executor: Executor, good: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {**settings_of(good), "port": silent.getsockname()[1]}
        started = time.monotonic()
        ((cause, _),) = causes(executor, settings, timeout_s=0.5)
    assert cause == "timeout"
    assert time.monotonic() - started < 5


def test_something_else_than_a_database_is_told(executor: Executor, good: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def talk() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 40)

        thread = threading.Thread(target=talk)
        thread.start()
        found = causes(executor, {**settings_of(good), "port": port}, timeout_s=2.0)
        thread.join()
    assert {cause for cause, _ in found} <= {"unreachable", "unparsable", "internal", "timeout"}


def test_a_statement_that_takes_too_long_is_a_timeout(good: Server) -> None:
    session = session_of(good, timeout_s=1.0)
    started = time.monotonic()
    with pytest.raises(QueryFailedError) as caught:
        session.rows("SELECT SLEEP(30)", {}, 1)
    session.close()
    assert caught.value.gap.cause == "timeout"
    assert time.monotonic() - started < 5


def test_nothing_can_be_written(good: Server) -> None:
    good.sql("CREATE DATABASE scratch", "CREATE TABLE scratch.t (a INT)")
    good.sql("GRANT ALL ON scratch.* TO auditor@'%'")
    session = session_of(good)
    try:
        with pytest.raises(QueryFailedError, match="READ ONLY"):
            session.rows("INSERT INTO scratch.t VALUES (1)", {}, 1)
    finally:
        session.close()
        good.sql("DROP DATABASE scratch", "REVOKE ALL ON scratch.* FROM auditor@'%'")


def test_text_bytes_and_zero_dates_stay_visible_and_no_wrong_instant(good: Server) -> None:
    good.sql("CREATE DATABASE odd", "GRANT SELECT ON odd.* TO auditor@'%'")
    good.sql(
        "CREATE TABLE odd.`a``b;--` (id INT, l VARCHAR(9) CHARACTER SET latin1, u VARCHAR(9)"
        " CHARACTER SET utf8mb4, b VARBINARY(9), d DATETIME, t TIMESTAMP NULL)"
    )
    with good.admin() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', time_zone = '+05:00'")
        cursor.execute(
            "INSERT INTO odd.`a``b;--` VALUES (1, 'caf\u00e9', '\U0001f600', x'ff41',"
            " '0000-00-00 00:00:00', '2026-03-01 05:00:00'), (2, '', '', '', "
            " '2026-03-01 05:00:00', '0000-00-00 00:00:00')"
        )
    session = session_of(good)
    try:
        name = session.quoted("odd", "a`b;--")
        query = f"SELECT * FROM {name} ORDER BY id"  # noqa: S608 - the quoting is under test
        first, second = session.rows(query, {}, 5).rows
    finally:
        session.close()
        good.sql("DROP DATABASE odd", "REVOKE SELECT ON odd.* FROM auditor@'%'")
    instant = datetime(2026, 3, 1, tzinfo=UTC)
    assert first == (1, "caf\u00e9", "\U0001f600", "\\xffA", "0000-00-00 00:00:00", instant)
    assert second[4:] == (instant.replace(hour=5, tzinfo=None), "0000-00-00 00:00:00")


def test_more_rows_than_asked_for_are_said(good: Server) -> None:
    session = session_of(good)
    text = "SELECT 1 UNION SELECT 2 UNION SELECT 3"
    answer = session.rows(text, {}, 2)
    assert (len(answer.rows), answer.more) == (2, True)
    assert session.closed, "the rest is not read"


def test_a_server_that_is_killed_in_mid_scan_leaves_gaps_and_ends(executor: Executor) -> None:
    with open_folder() as folder, mariadb(folder, "plugin-load-add=auth_ed25519") as server:
        server.sql("CREATE DATABASE shop", EVENTS)
        make_auditor(server)
        context = CollectionContext(
            clock=lambda: datetime.now(UTC), executor=executor, timeout_s=5.0
        )
        types = ["mysql.server", "mysql.account", "mysql.tablespace"]
        target = target_of(settings_of(server))
        reading = MysqlCollector().collect(target, types, context)
        first = next(reading)
        server.kill()
        rest = list(reading)
    assert first.complete
    assert [one.resource_type for one in rest] == types[1:]
    assert {gap.cause for one in rest for gap in one.gaps} == {"unreachable"}


def test_a_server_that_is_killed_in_the_middle_of_a_stream_is_unreachable() -> None:
    with open_folder() as folder, mariadb(folder, "plugin-load-add=auth_ed25519") as server:
        server.sql("CREATE DATABASE shop", EVENTS)
        make_auditor(server)
        server.sql("GRANT SELECT ON shop.* TO auditor@'%'")
        session = session_of(server)
        text = "SELECT seq, REPEAT('x', 100) FROM shop.seq_1_to_3000000"
        with session.stream(text, {}) as batches:
            assert len(next(batches)) == 1000
            server.kill()
            with pytest.raises(QueryFailedError) as caught:
                list(batches)
    assert caught.value.gap.cause == "unreachable"
    assert caught.value.broken
    assert session.closed


def test_a_chain_over_a_table_that_is_not_there_is_a_gap_of_that_table(
    executor: Executor, good: Server
) -> None:
    missing = {**AUDIT_TABLE, "table": "nothing"}
    settings = settings_of(good, audit_tables=[missing, AUDIT_TABLE])
    found = read_all(executor, settings, "mysql.audit_chain")["mysql.audit_chain"]
    (gap,) = found.gaps
    assert gap.subject == "shop.nothing"
    assert [resource.data["table"] for resource in found.resources] == ["shop.events"]


def test_a_controls_own_query_has_its_values_bound(executor: Executor, good: Server) -> None:
    query = Query(
        title="rows of one body",
        text="SELECT id, at FROM shop.events WHERE body = :body AND at < :before AND id IN :ids",
        bind={"body": "param.body", "before": "now", "ids": "param.ids"},
        columns={"id": "int", "at": "timestamp"},
        count="SELECT COUNT(*) FROM shop.events WHERE body = :body AND at < :before AND id IN :ids",
    )
    before = datetime(2027, 1, 1, tzinfo=UTC)
    for body, expected in (("entry \u00e4\u20ac\U0001f600", [2, 3]), ("' OR 1=1 -- %s", [])):
        bound = BoundQuery("q.rows", query, {"body": body, "before": before, "ids": [2, 3]})
        context = CollectionContext(
            clock=lambda: datetime.now(UTC), executor=executor, queries={"q.rows": bound}
        )
        target = target_of(settings_of(good))
        (found,) = MysqlCollector().collect(target, ["q.rows"], context)
        assert not found.gaps
        assert [resource.data["id"] for resource in found.resources] == expected
    assert found.facts["count"] == 0
