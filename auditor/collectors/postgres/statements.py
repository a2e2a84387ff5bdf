"""pg_stat_statements, which lives in whichever schema it was created in."""

from __future__ import annotations

from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading, Scope
from auditor.collectors.sql.values import to_json
from auditor.core.model.observation import Resource

_WHERE = """
SELECT n.nspname, current_setting('shared_preload_libraries') ~ '\\mpg_stat_statements\\M' AS loaded
FROM (SELECT 1) one LEFT JOIN pg_extension e ON e.extname = 'pg_stat_statements'
LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
"""
_EMPTY: dict[str, object] = {"statements": None, "calls": None, "mean_ms": None, "top": []}


def read_statement_statistics(scope: Scope) -> Reading:
    """One row: whether it is there, the mean, and the ten with the highest mean."""
    try:
        schema, loaded = scope.asker.ask("pg_stat_statements", _WHERE).rows[0]
        figures = _figures(scope, str(schema)) if schema is not None and loaded else _EMPTY
    except QueryFailedError as error:
        return Reading(gaps=[error.gap])
    data = {
        "endpoint": scope.params["endpoint"],
        "loaded": loaded,
        "installed": schema is not None,
        **figures,
    }
    facts: dict[str, object] = {"items": 1, "server_version": scope.asker.session.version}
    return Reading([Resource(data)], facts)


def _figures(scope: Scope, schema: str) -> dict[str, object]:
    view = scope.asker.session.quoted(schema, "pg_stat_statements")
    total = scope.asker.ask(
        "pg_stat_statements, all",
        "SELECT count(*), coalesce(sum(calls), 0)::bigint, "  # noqa: S608 - quoted by the driver
        "round((sum(total_exec_time) / nullif(sum(calls), 0))::numeric, 3) "
        f"FROM {view}",
    ).rows[0]
    top = scope.asker.ask(
        "pg_stat_statements, highest mean",
        "SELECT s.queryid::text AS query_id, pg_get_userbyid(s.userid) AS user, "  # noqa: S608 - quoted by the driver
        "d.datname AS database, s.calls, round(s.mean_exec_time::numeric, 3) AS mean_ms "
        f"FROM {view} s LEFT JOIN pg_database d ON d.oid = s.dbid "
        "ORDER BY s.mean_exec_time DESC, s.queryid LIMIT 10",
    )
    rows = [dict(zip(top.columns, map(to_json, row), strict=True)) for row in top.rows]
    values = map(to_json, total)
    return {**dict(zip(("statements", "calls", "mean_ms"), values, strict=True)), "top": rows}
