"""A control's own query on real servers: what is wrong with it or its answer never passes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from auditor.app.collecting import collect_target
from auditor.app.evidence.redaction import cleaned
from auditor.collectors.interface import CollectionContext
from auditor.core.model.observation import Observation
from auditor.core.model.query import BoundQuery, Query
from auditor.core.model.status import Cause
from tests.services.sql_controls.conftest import Application
from tests.services.sql_controls.judging import collectors

pytestmark = pytest.mark.service
NAME = "sql.thing"
ONE = "SELECT count(*) FROM audit_views.projections"


def ask(
    application: Application,
    text: str | Mapping[str, str],
    columns: Mapping[str, str],
    *,
    count: str | Mapping[str, str] = ONE,
    values: Mapping[str, object] | None = None,
    timeout_s: float = 10.0,
    **more: object,
) -> Observation:
    """The observation of a query over good data, which has one row of `projections`."""
    application.fill(datetime.now(UTC))
    bind = dict.fromkeys(values or {}, "now")
    document = {"title": "Thing", "text": text, "columns": columns, "count": count, "bind": bind}
    query = Query.model_validate(document | more)
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(
            clock=lambda: datetime.now(UTC),
            executor=executor,
            timeout_s=timeout_s,
            queries={NAME: BoundQuery(NAME, query, values or {})},
        )
        (found,) = collect_target(collectors(), application.target(), [NAME], context)
    return cleaned(found, query.resource_type(NAME))


def causes(found: Observation) -> list[Cause]:
    return [gap.cause for gap in found.gaps]


def unread(found: Observation) -> dict[str, str]:
    (resource,) = found.resources
    return {name: gap.detail for name, gap in resource.unread.items()}


def test_rows_and_facts(application: Application) -> None:
    text = "SELECT projection_name, position FROM audit_views.projections WHERE position >= :least"
    found = ask(
        application, text, {"projection_name": "string", "position": "int"}, values={"least": 8}
    )
    assert found.gaps == ()
    assert [row.data for row in found.resources] == [{"projection_name": "balances", "position": 8}]
    assert found.facts["bound"] == {"least": "8"}
    assert str(found.facts["rendered"]).endswith("position >= %(least)s")
    assert (found.facts["rows"], found.facts["count"]) == (1, 1)
    assert [call.ok for call in found.calls if call.request.startswith(NAME)] == [True, True]


@pytest.mark.parametrize(
    "value",
    ["'; DROP TABLE users; --", "\\", "%(least)s", "a\u00e4\U0001f600'\"`", ":other", "%s"],
)
def test_hostile_values_stay_values(application: Application, value: str) -> None:
    text = {
        "postgres": "SELECT :v::text AS name FROM audit_views.projections",
        "mysql": "SELECT :v AS name FROM audit_views.projections",
    }
    count = dict.fromkeys(text, ONE)
    found = ask(application, text, {"name": "string"}, count=count, values={"v": value})
    assert found.gaps == ()
    assert [row.data["name"] for row in found.resources] == [value]


def test_values_of_every_type(application: Application) -> None:
    moment = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
    conditions = {
        "postgres": ":i = 3 AND :d > 0.4 AND :b AND 'x' = ANY(:l)"
        " AND :t = timestamptz '2026-03-31 12:30+00'",
        "mysql": ":i = 3 AND :d > 0.4 AND :b AND :t = '2026-03-31 12:30:00' AND 'x' IN :l",
    }
    text = {
        dialect: f"SELECT projection_name FROM audit_views.projections WHERE {condition}"  # noqa: S608
        for dialect, condition in conditions.items()
    }
    values: dict[str, object] = {"i": 3, "d": 0.5, "b": True, "t": moment, "l": ["x", "y"]}
    count = dict.fromkeys(text, ONE)
    found = ask(application, text, {"projection_name": "string"}, count=count, values=values)
    assert (found.gaps, len(found.resources)) == ((), 1)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"projection_name": "string"}, "not declared: position"),
        ({"projection_name": "string", "position": "int", "owner": "string"}, "missing: owner"),
        ({"name": "string", "position": "int"}, "missing: name; not declared: projection_name"),
    ],
)
def test_other_columns_are_an_error(
    application: Application, columns: Mapping[str, str], said: str
) -> None:
    found = ask(
        application, "SELECT projection_name, position FROM audit_views.projections", columns
    )
    assert causes(found) == [Cause.UNPARSABLE]
    assert said in found.gaps[0].detail
    assert found.resources == ()


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("'8'", "int"),
        ("8", "string"),
        ("1.5", "int"),
        ("9007199254740993", "int"),
        ("'yes'", "bool"),
        ("2", "bool"),
        ("'2026-03-31 12:00:00'", "timestamp"),
        ("CURRENT_DATE", "timestamp"),
        ("'x'", "double"),
        ("'x'", "list<string>"),
    ],
)
def test_a_value_of_another_type_is_unread(
    application: Application, expression: str, kind: str
) -> None:
    text = f"SELECT {expression} AS v FROM audit_views.projections"  # noqa: S608 - our own text
    found = ask(application, text, {"v": kind})
    assert list(unread(found)) == ["v"]
    assert "v" not in found.resources[0].data


def test_values_in_their_forms(application: Application) -> None:
    own = {
        "postgres": "ARRAY['a', 'b'] AS l, gen_random_uuid() AS u,"
        " timestamptz '2026-03-31 14:00+02' AS t",
        "mysql": "JSON_ARRAY('a', 'b') AS l, '2026-03-31T12:00:00Z' AS t, UUID() AS u",
    }
    text = {
        dialect: f"SELECT position = 8 AS b, sum(position) AS i, 0.5 AS d, {more}, CURRENT_DATE s"  # noqa: S608
        " FROM audit_views.projections GROUP BY position"
        for dialect, more in own.items()
    }
    columns = {"b": "bool", "i": "int", "d": "double", "l": "list<string>", "t": "timestamp"}
    found = ask(
        application, text, columns | {"u": "string", "s": "string"}, count=dict.fromkeys(text, ONE)
    )
    (row,) = found.resources
    assert row.unread == {}
    assert {name: row.data[name] for name in "bidlt"} == {
        "b": True,
        "i": 8,
        "d": "0.5",
        "l": ["a", "b"],
        "t": "2026-03-31T12:00:00Z",
    }


def test_more_rows_than_the_cap_are_an_error(application: Application) -> None:
    text = "SELECT origin FROM audit_views.login_attempts"
    count = "SELECT count(*) FROM audit_views.login_attempts"
    found = ask(application, text, {"origin": "string"}, count=count, max_rows=10)
    assert causes(found) == [Cause.TRUNCATED]
    assert "more than 10 rows (16 are counted)" in found.gaps[0].detail


def test_rows_that_a_join_loses_are_an_error(application: Application) -> None:
    text = "SELECT version AS v FROM audit_views.events WHERE version > 100"
    found = ask(application, text, {"v": "int"}, count="SELECT count(*) FROM audit_views.events")
    assert causes(found) == [Cause.TRUNCATED]
    assert "0 rows, and 8 are counted" in found.gaps[0].detail


@pytest.mark.parametrize(
    "count",
    [
        "SELECT max(store) AS counted FROM audit_views.events",
        "SELECT max(position) + 0.5 FROM audit_views.projections",
    ],
)
def test_a_count_that_is_no_number_is_an_error(application: Application, count: str) -> None:
    found = ask(
        application, "SELECT store FROM audit_views.events", {"store": "string"}, count=count
    )
    assert causes(found) == [Cause.TYPE_ERROR]


def test_a_long_statement_ends_in_time(application: Application) -> None:
    many = ", ".join(f"audit_views.login_attempts AS t{n}" for n in range(9))
    text = f"SELECT sum(length(t0.origin)) AS v FROM {many}"  # noqa: S608 - 16^9 rows
    begun = datetime.now(UTC)
    found = ask(application, text, {"v": "int"}, timeout_s=1.0)
    assert causes(found) == [Cause.TIMEOUT]
    assert datetime.now(UTC) - begun < timedelta(seconds=15)


def test_a_view_that_is_not_there_and_a_table_that_is_closed(application: Application) -> None:
    gone = ask(application, "SELECT a AS v FROM audit_views.unknown", {"v": "string"})
    table = "users" if application.dialect == "postgres" else "shop.users"
    closed = ask(application, f"SELECT email AS v FROM {table}", {"v": "string"})  # noqa: S608
    for found in (gone, closed):
        assert len(found.gaps) == 1
        assert found.gaps[0].cause in (Cause.VANISHED, Cause.DENIED, Cause.NOT_SUPPORTED)
        assert "docs/reference/sql-query.md" in found.gaps[0].hint
        assert found.resources == ()


def test_a_secret_in_a_value_is_not_kept(application: Application) -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    text = f"SELECT '{key}' AS note FROM audit_views.projections"  # noqa: S608 - our own text
    found = ask(application, text, {"note": "string"})
    assert "which is not kept" in unread(found)["note"]
    assert key not in str(found.to_json())


def test_a_token_keeps_equality_only(application: Application) -> None:
    text = (
        "SELECT projection_name, 'secret-1' AS api_token, 'secret-1' AS other"
        " FROM audit_views.projections"
    )
    columns = {"projection_name": "string", "api_token": "string", "other": "string"}
    found = ask(application, text, columns, token=["api_token", "other"])
    (row,) = found.resources
    assert row.data["api_token"] == row.data["other"]
    assert "secret-1" not in str(row.data)


def test_a_query_for_the_other_engine_only_is_an_error(application: Application) -> None:
    other = {"postgres": "mysql", "mysql": "postgres"}[application.dialect]
    text = {other: "SELECT projection_name FROM audit_views.projections"}
    found = ask(application, text, {"projection_name": "string"}, count={other: ONE})
    assert causes(found) == [Cause.NOT_SUPPORTED]


WRITER = {
    "postgres": (
        """CREATE OR REPLACE FUNCTION audit_views.bump() RETURNS int LANGUAGE sql SECURITY DEFINER
        AS 'INSERT INTO public.failed_jobs VALUES (now(), NULL) RETURNING 1'""",
        "GRANT EXECUTE ON FUNCTION audit_views.bump() TO auditor",
    ),
    "mysql": (
        """CREATE OR REPLACE FUNCTION audit_views.bump() RETURNS INT MODIFIES SQL DATA
        BEGIN INSERT INTO shop.failed_jobs VALUES (NOW(), NULL); RETURN 1; END""",
        "GRANT EXECUTE ON audit_views.* TO auditor@'%'",
    ),
}


def test_a_function_that_writes_is_stopped_by_the_session(application: Application) -> None:
    """Its name tells nothing: only the read-only transaction is in its way."""
    application.run([(statement, ()) for statement in WRITER[application.dialect]])
    found = ask(application, "SELECT audit_views.bump() AS v", {"v": "int"})
    assert len(found.gaps) == 1
    assert "read" in found.gaps[0].detail.lower()
    assert found.resources == ()


def test_a_value_that_could_not_be_told_is_not_asked(application: Application) -> None:
    query = Query.model_validate(
        {"title": "Thing", "text": "SELECT 1 AS v", "count": "SELECT 1", "columns": {"v": "int"}}
    )
    with ThreadPoolExecutor(1) as executor:
        bound = BoundQuery(NAME, query, {}, problem="bind before: it has no value")
        context = CollectionContext(lambda: datetime.now(UTC), executor, queries={NAME: bound})
        (found,) = collect_target(collectors(), application.target(), [NAME], context)
    assert [(gap.cause, gap.detail) for gap in found.gaps] == [
        (Cause.EXPRESSION, "bind before: it has no value")
    ]
    assert found.calls == ()
