"""What goes wrong on the way has a clear cause, hangs nowhere, and never is a shorter answer."""

from __future__ import annotations

import os
import signal
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.collectors.postgres.connection import PostgresSession, connected
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.sql.failures import QueryFailedError
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from tests.services.postgres.conftest import collect, target_of
from tests.services.postgres.planted import create_account
from tests.services.postgres.server import AUDITOR_PASSWORD, Server, free_port, postgres

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server that tests may hurt, with databases of several encodings and hostile names."""
    with postgres(15, initdb=("--encoding=UTF8",)) as server:
        server.run("CREATE ROLE app LOGIN", "CREATE DATABASE ledger TEMPLATE template0")
        server.run(
            "CREATE TABLE audit_log (id int)",
            "CREATE TABLE schema_migrations (id int)",
            database="ledger",
        )
        create_account(server)
        yield server


@pytest.fixture
def session(own: Server) -> Iterator[PostgresSession]:
    with connected(PostgresSettings.model_validate(own.settings()), "postgres", 30) as opened:
        yield opened


def only_gap(server: Server, **settings: object) -> Gap:
    started = time.monotonic()
    read = collect(target_of(server, **settings), ["postgres.server", "postgres.table"])
    assert time.monotonic() - started < 15
    assert all(not observation.resources for observation in read.values())
    (gap,) = {gap for observation in read.values() for gap in observation.gaps}
    return gap


def test_a_refused_connection(own: Server) -> None:
    gap = only_gap(own, port=free_port())
    assert gap.cause is Cause.UNREACHABLE
    assert "refused" in gap.detail


def test_a_wrong_password(own: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG", "wrong")
    gap = only_gap(own, password_file=None, password_env="WRONG")
    assert gap.cause is Cause.DENIED
    assert "password_env" in gap.hint
    passfile = tmp_path / "pass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"127.0.0.1:{own.port}:*:auditor:{AUDITOR_PASSWORD}\n")
    read = collect(
        target_of(own, password_file=None, passfile=str(passfile)), ["postgres.archiver"]
    )
    assert read["postgres.archiver"].complete


def test_a_place_without_a_password(own: Server) -> None:
    gap = only_gap(own, password_file=None, password_env="NOT_SET_ANYWHERE")
    assert gap.cause is Cause.DENIED
    assert gap.hint == "export NOT_SET_ANYWHERE=..."


def test_a_certificate_of_nobody_known(own: Server) -> None:
    gap = only_gap(own, ca_file=None)
    assert gap.cause is Cause.UNREACHABLE
    assert "certificate" in gap.detail
    assert "ca_file" in gap.hint


def test_a_certificate_for_another_name(own: Server) -> None:
    with postgres(15) as other:
        gap = only_gap(own, ca_file=str(other.ca))
    assert gap.cause is Cause.UNREACHABLE


def test_a_server_that_demands_tls(own: Server) -> None:
    gap = only_gap(own, tls="off")
    assert gap.cause is Cause.DENIED
    assert "hostssl" in gap.hint


def test_too_many_connections(own: Server) -> None:
    own.run("ALTER ROLE auditor CONNECTION LIMIT 0")
    try:
        assert only_gap(own).cause is Cause.THROTTLED
    finally:
        own.run("ALTER ROLE auditor CONNECTION LIMIT -1")


def test_nothing_can_be_written(own: Server, session: PostgresSession) -> None:
    own.run(
        "CREATE TABLE written (i int)",
        """CREATE FUNCTION public.writes() RETURNS int LANGUAGE sql SECURITY DEFINER AS
           'INSERT INTO public.written VALUES (1) RETURNING i'""",
    )
    writing = "WITH w AS (INSERT INTO public.written VALUES (1) RETURNING i) SELECT * FROM w"
    for statement in ("CREATE TABLE t (i int)", "SELECT public.writes()", writing):
        with pytest.raises(QueryFailedError) as caught:
            session.rows(statement, {}, 1)
        assert caught.value.gap.cause is Cause.NOT_SUPPORTED
    assert session.rows("SELECT 1", {}, 1).rows == [(1,)]


def test_a_statement_that_takes_too_long_is_cancelled(own: Server) -> None:
    with connected(PostgresSettings.model_validate(own.settings()), "postgres", 1) as short:
        started = time.monotonic()
        with pytest.raises(QueryFailedError) as caught:
            short.rows("SELECT pg_sleep(30)", {}, 1)
        assert time.monotonic() - started < 4
        assert caught.value.gap.cause is Cause.TIMEOUT
        assert short.rows("SELECT 1", {}, 1).rows == [(1,)]


def test_a_locked_catalogue_is_a_time_out(own: Server) -> None:
    with own.connect("ledger") as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE pg_catalog.pg_policy IN ACCESS EXCLUSIVE MODE")
        read = collect(target_of(own), ["postgres.table"], timeout_s=1)
        holder.execute("ROLLBACK")
    (gap,) = read["postgres.table"].gaps
    assert (gap.cause, gap.subject) == (Cause.TIMEOUT, "ledger")


def test_a_server_that_stops_to_answer_is_left(own: Server) -> None:
    with connected(PostgresSettings.model_validate(own.settings()), "postgres", 0.2) as opened:
        backend = opened.rows("SELECT pg_backend_pid()", {}, 1).rows[0][0]
        assert isinstance(backend, int)
        os.kill(backend, signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(QueryFailedError) as caught:
                opened.rows("SELECT 1", {}, 1)
        finally:
            os.kill(backend, signal.SIGCONT)
    assert caught.value.gap.cause is Cause.TIMEOUT
    assert caught.value.broken
    assert time.monotonic() - started < 8


def test_a_server_killed_in_mid_scan_is_a_gap(own: Server) -> None:
    with connected(PostgresSettings.model_validate(own.settings()), "postgres", 30) as opened:
        query = "SELECT g::text FROM generate_series(1, 1000000) g"
        killer = threading.Timer(0, own.restart)

        def scan() -> int:
            with opened.stream(query, {}) as batches:
                next(batches)
                killer.start()
                killer.join()
                return sum(len(batch) for batch in batches)

        with pytest.raises(QueryFailedError) as caught:
            scan()
        assert caught.value.gap.cause is Cause.UNREACHABLE
        with pytest.raises(QueryFailedError):  # and it stays lost, without waiting
            opened.rows("SELECT 1", {}, 1)
    assert collect(target_of(own), ["postgres.archiver"])["postgres.archiver"].complete


def test_a_million_rows_are_capped_before_they_come_into_memory(session: PostgresSession) -> None:
    session.rows("SELECT 1", {}, 1)
    tracemalloc.start()
    try:
        answer = session.rows(
            "SELECT g, repeat('x', 100) FROM generate_series(1, 1000000) g", {}, 1000
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(answer.rows), answer.more) == (1000, True)
    assert peak < 5_000_000


def test_a_million_rows_are_streamed_in_constant_memory(session: PostgresSession) -> None:
    tracemalloc.start()
    try:
        query = "SELECT g::text, repeat('x', 100) FROM generate_series(1, :last::int) g"
        with session.stream(query, {"last": 1_000_000}) as batches:
            assert sum(len(batch) for batch in batches) == 1_000_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def test_values_that_python_does_not_have_stay_visible(session: PostgresSession) -> None:
    query = """SELECT 'infinity'::timestamptz, '-infinity'::date, '0044-03-15 BC'::date,
        '1 month'::interval, '1 day 2:03:04.5'::interval, '-90 s'::interval, 1e400::numeric,
        'NaN'::float8, :a, '%'"""
    (row,) = session.rows(query, {"a": "100%"}, 1).rows
    assert row[:4] == ("infinity", "-infinity", "0044-03-15 BC", "P1M")
    assert str(row[4]) == "1 day, 2:03:04.500000"
    assert row[5].total_seconds() == -90  # type: ignore[attr-defined]  # a timedelta
    assert row[-2:] == ("100%", "%")


def test_a_policy_that_hides_rows_is_an_error_and_not_a_shorter_answer(
    own: Server, session: PostgresSession
) -> None:
    own.run(
        "CREATE TABLE hidden (i int)",
        "INSERT INTO hidden VALUES (1)",
        "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY",
        "GRANT SELECT ON hidden TO auditor",
    )
    with pytest.raises(QueryFailedError) as caught:
        session.rows("SELECT * FROM public.hidden", {}, 10)
    assert caught.value.gap.cause is Cause.DENIED


def test_text_without_encoding_shows_its_bytes(own: Server) -> None:
    own.run("CREATE DATABASE old ENCODING 'SQL_ASCII' TEMPLATE template0")
    with own.connect("old") as connection:
        connection.execute("SET client_encoding = 'SQL_ASCII'")
        connection.execute(b'CREATE TABLE "caf\xe9" (i int)')
    try:
        read = collect(target_of(own, databases=["old"]), ["postgres.table", "postgres.database"])
    finally:
        own.run("DROP DATABASE old WITH (FORCE)")
    assert read["postgres.table"].gaps == ()
    (table,) = read["postgres.table"].resources
    assert table.data["id"] == "old.public.caf\\xe9"
    encodings = {r.data["name"]: r.data["encoding"] for r in read["postgres.database"].resources}
    assert encodings["old"] == "SQL_ASCII"


def test_a_latin1_database_is_read_as_text(own: Server) -> None:
    own.run("CREATE DATABASE west ENCODING 'LATIN1' TEMPLATE template0")
    own.run('CREATE TABLE "café" (i int)', database="west")
    try:
        read = collect(target_of(own, databases=["west"]), ["postgres.table"])
    finally:
        own.run("DROP DATABASE west WITH (FORCE)")
    assert [r.data["name"] for r in read["postgres.table"].resources] == ["café"]


HOSTILE = """x"; DROP TABLE audit_log; -- '%s :name"""


def test_hostile_names_are_quoted(own: Server) -> None:
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    with own.connect() as connection:
        connection.execute(f"CREATE DATABASE {quoted} TEMPLATE template0".encode())
    with own.connect(HOSTILE) as connection:
        for statement in (
            f"CREATE SCHEMA {quoted}",
            f"CREATE TABLE {quoted}.{quoted} ({quoted} int, p text, h text)",
            f"INSERT INTO {quoted}.{quoted} VALUES (7, NULL, NULL)",  # noqa: S608 - quoted above
            f"GRANT USAGE ON SCHEMA {quoted} TO auditor",
            f"GRANT SELECT ON {quoted}.{quoted} TO auditor",
        ):
            connection.execute(statement.encode())
    place = {"database": HOSTILE, "schema": HOSTILE, "table": HOSTILE}
    chain = {"order_by": HOSTILE, "columns": [{"name": "p"}], "previous": "p", "digest": "h"}
    settings = {
        "audit_tables": [{**place, "application_roles": ["app"], "chain": chain}],
        "tenant_tables": [place],
        "schema_versions": [{**place, "column": HOSTILE}],
        "exclude_databases": ["ledger"],
    }
    names = ["table", "audit_table", "audit_chain", "tenant_table", "schema_version"]
    try:
        read = collect(target_of(own, **settings), [f"postgres.{name}" for name in names])
    finally:
        with own.connect() as connection:
            connection.execute(f"DROP DATABASE {quoted} WITH (FORCE)".encode())
    assert {n: o.gaps for n, o in read.items() if o.gaps} == {}
    assert [r.data["version"] for r in read["postgres.schema_version"].resources] == ["7"]
    assert read["postgres.audit_chain"].resources[0].data["rows"] == 1


def test_the_ceiling_of_requests_is_a_gap(own: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from datetime import UTC, datetime

    from auditor.collectors.budget import CallBudget
    from auditor.collectors.interface import CollectionContext
    from auditor.collectors.postgres import PostgresCollector

    budget = CallBudget(4)
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor, budget=budget)
        types = ["postgres.archiver", "postgres.database", "postgres.table"]
        found = list(PostgresCollector().collect(target_of(own), types, context))
    assert budget.made == 4
    assert found[0].complete  # connect, who, grant, query
    assert {gap.cause for one in found[1:] for gap in one.gaps} == {Cause.LIMIT}


def test_preflight_says_as_whom(own: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from datetime import UTC, datetime

    from auditor.collectors.interface import CollectionContext
    from auditor.collectors.postgres import PostgresCollector

    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor)
        good = PostgresCollector().preflight(target_of(own), context)
        bad = PostgresCollector().preflight(target_of(own, port=free_port()), context)
    assert (good.identity, good.gap) == (f"auditor@127.0.0.1:{own.port}", None)
    assert bad.gap is not None
