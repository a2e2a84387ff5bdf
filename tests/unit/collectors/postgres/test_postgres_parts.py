"""What of the PostgreSQL collector needs no server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from pydantic import ValidationError

from auditor.collectors.postgres import PostgresCollector
from auditor.collectors.postgres.collector import catalogue
from auditor.collectors.postgres.computed import (
    doubt_rules_not_loaded,
    hide_overridden,
    releases,
    with_release,
)
from auditor.collectors.postgres.failures import classify
from auditor.collectors.postgres.loaders import DateLoader, IntervalLoader, MomentLoader
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.sql.audit_chain import FIELDS
from auditor.collectors.sql.reading import Reading
from auditor.collectors.sql.text import POSTGRES, parameters, tokens
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import ConfigError, UsageError

TARGET = Target("db", "postgres-server", "prod", {}, {"host": "db.example.org"})


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (errors.InsufficientPrivilege, Cause.DENIED),
        (errors.QueryCanceled, Cause.TIMEOUT),
        (errors.LockNotAvailable, Cause.TIMEOUT),
        (errors.UndefinedTable, Cause.VANISHED),
        (errors.SyntaxError, Cause.NOT_SUPPORTED),
        (errors.ReadOnlySqlTransaction, Cause.NOT_SUPPORTED),
        (errors.TooManyConnections, Cause.THROTTLED),
        (errors.AdminShutdown, Cause.UNREACHABLE),
        (errors.UntranslatableCharacter, Cause.UNPARSABLE),
        (errors.DataCorrupted, Cause.UNPARSABLE),
        (errors.TransactionRollback, Cause.INTERNAL),
    ],
)
def test_a_code_has_its_cause(error: type[psycopg.Error], cause: Cause) -> None:
    found = classify(error("text"))
    assert found.gap.cause is cause
    assert found.code == error.sqlstate
    assert found.broken is (cause is Cause.UNREACHABLE)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ('FATAL: password authentication failed for user "a"', Cause.DENIED),
        ("fe_sendauth: no password supplied", Cause.DENIED),
        ('no pg_hba.conf entry for host "x", no encryption', Cause.DENIED),
        ('permission denied for database "x"', Cause.DENIED),
        ('database "x" does not exist', Cause.VANISHED),
        ("FATAL: sorry, too many clients already", Cause.THROTTLED),
        ("SSL error: certificate verify failed", Cause.UNREACHABLE),
        ("connection timeout expired", Cause.TIMEOUT),
        ("die Verbindung ging verloren", Cause.UNREACHABLE),
    ],
)
def test_a_failed_connection_is_told_by_its_message(message: str, cause: Cause) -> None:
    found = classify(psycopg.OperationalError(message))
    assert (found.gap.cause, found.broken) == (cause, True)


def test_what_is_no_answer_at_all() -> None:
    assert classify(psycopg.OperationalError("x"), timed_out=True).gap.cause is Cause.TIMEOUT
    assert classify(ValueError("odd")).gap.cause is Cause.UNPARSABLE
    assert classify(psycopg.DataError("odd")).gap.cause is Cause.UNPARSABLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT0S", timedelta(0)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("P-1DT-2H", -timedelta(days=1, hours=2)),
        ("PT-0.5S", -timedelta(seconds=0.5)),
        ("P1M", "P1M"),
        ("P1Y2DT1S", "P1Y2DT1S"),
        ("1 day", "1 day"),
    ],
)
def test_an_interval_is_exact_or_stays_a_text(text: str, expected: object) -> None:
    assert IntervalLoader(0).load(text.encode()) == expected


def test_moments_and_days_that_python_has_not_stay_texts() -> None:
    assert MomentLoader(0).load(b"infinity") == "infinity"
    assert DateLoader(0).load(b"0044-03-15 BC") == "0044-03-15 BC"
    assert str(MomentLoader(0).load(b"2026-01-01 00:00:00+00")) == "2026-01-01 00:00:00+00:00"


def test_a_known_version_has_its_end_and_an_unknown_is_unread() -> None:
    known = with_release(Resource({"version_num": 150014}))
    assert (known.data["major"], known.data["minor"]) == (15, 14)
    assert known.data["end_of_life"] == "2027-11-12T00:00:00Z"
    unknown = with_release(Resource({"version_num": 990001}))
    assert unknown.unread["end_of_life"].cause is Cause.NOT_SUPPORTED
    assert "end_of_life" not in unknown.data
    assert with_release(Resource({})).data == {}


def test_every_line_of_the_releases_is_older_than_its_look_up() -> None:
    assert all(release.released <= release.as_of for release in releases().values())


def test_a_setting_with_two_fields_is_hidden_in_both() -> None:
    names = ["log_connections", "pgaudit.log", "search_path"]
    data: dict[str, Any] = {"overridden": names, "log_connections": True, "ssl": True}
    data |= {"log_connections_setting": "on", "pgaudit_log": []}
    found = hide_overridden(Resource(data))
    assert set(found.unread) == {"log_connections", "log_connections_setting", "pgaudit_log"}
    assert set(found.data) == {"overridden", "ssl"}


def test_every_query_reads_and_names_only_what_is_given() -> None:
    known = {"endpoint", "application_roles"}
    for collected in catalogue().types.values():
        spec = collected.spec
        texts = [q.text for q in spec.queries] + [f.text for f in spec.facts.values()]
        texts += [q.text for part in spec.parts for q in part.queries]
        for text in texts:
            first = next(t.text for t in tokens(text, POSTGRES) if t.kind == "word")
            assert first.upper() in {"SELECT", "WITH"}
            assert set(parameters(text, POSTGRES)) <= known


def test_the_chain_type_has_the_fields_that_reading_gives() -> None:
    fields = dict(catalogue().types["postgres.audit_chain"].spec.fields)
    assert fields == FIELDS


def test_the_account_is_sql_that_names_each_grant_once() -> None:
    collector = PostgresCollector()
    text = collector.grants(list(collector.resource_types()))["sql"]
    assert text.count("GRANT pg_read_all_stats TO auditor;") == 1
    assert "-- GRANT SELECT ON {schema}.{table} TO auditor;" in text
    few = collector.grants(["postgres.database"])["sql"]
    assert "GRANT" not in few.partition("LOGIN")[2]


def test_planned_calls_need_no_server() -> None:
    types = list(PostgresCollector().resource_types())
    planned = PostgresCollector().planned_calls(TARGET, types)
    assert {call.request for call in planned} >= {*types, "connect"}


def test_an_unknown_type_and_wrong_settings_are_refused() -> None:

    context: Any = type("Context", (), {"queries": {}})()
    with pytest.raises(UsageError, match=r"postgres\.nothing"):
        PostgresCollector().collect(TARGET, ["postgres.nothing"], context)
    wrong = Target("db", "postgres-server", "prod", {}, {"host": "x", "password": "secret"})
    with pytest.raises(ConfigError):
        PostgresCollector().preflight(wrong, context)


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "db.example.org", "tls": "off"},
        {"host": "db", "client_certificate": "/a"},
        {"host": "db", "tenant_tables": [{"database": "d", "table": "t"}] * 2},
        {"host": "db", "password": "secret"},
        {"host": "db", "password_file": "relative"},
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PostgresSettings.model_validate(settings)


@pytest.mark.parametrize("host", ["/run/postgresql", "127.0.0.1", "localhost", "::1"])
def test_without_tls_only_on_this_machine(host: str) -> None:
    assert PostgresSettings(host=host, tls="off").endpoint == f"{host}:5432"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("2026-11-21T10:00:04Z", False),
        ("2026-11-21T10:00:05Z", True),  # the second of the reading: before it, or after
        ("2026-11-21T10:00:06Z", True),
    ],
)
def test_rules_changed_in_the_second_of_their_reading_are_doubted(
    changed: str, *, told: bool
) -> None:
    loaded = "2026-11-21T10:00:05.9Z"
    reading = Reading(facts={"files_changed_at": changed, "settings_loaded_at": loaded})
    doubt_rules_not_loaded(reading)
    assert [gap.cause for gap in reading.gaps] == [Cause.STALE] * told
