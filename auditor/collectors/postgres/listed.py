"""Types about the tables that a target's settings name: read in the database of each.

A table that is named and not there is a gap of its own, never a row less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from auditor.collectors.postgres.audit_table import audit_rows, row_id
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.sql.audit_chain import Earlier, read_chain
from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.collectors.sql.reading import Reading, Scope
from auditor.collectors.sql.values import to_json
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause

FORMS: Mapping[str, str] = {
    "text": "{}::text",
    "rfc3339": """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "unix_ms": "((extract(epoch FROM {}) * 1000)::bigint)::text",
    "hex": "encode({}, 'hex')",
    "raw": "{} || ''::bytea",
}
"""How a column's value is written, for `sql.audit_chain`."""

# Who is a member of the owner can turn row security off: a name that differs proves nothing.
_FIND = """
SELECT c.oid::bigint AS oid, d.oid || '/' || c.oid AS uid, pg_get_userbyid(c.relowner) AS owner,
  c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,
  (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies,
  EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY(:application_roles::text[])
    AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owner_is_application
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_database d ON d.datname = current_database()
WHERE n.nspname = :schema AND c.relname = :table AND c.relkind IN ('r', 'p', 'f')
"""


class _Listed(Protocol):
    """A table of the settings."""

    @property
    def database(self) -> str: ...
    @property
    def schema_(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def label(self) -> str: ...


def expected(settings: PostgresSettings, reader: str) -> list[str]:
    """The keys that the settings promise for a reader's type."""
    if reader == "audit_table":
        return [
            row_id(table.label, role)
            for table in settings.audit_tables
            for role in table.application_roles
        ]
    return [table.label for table in listed(settings, reader)]


def listed(settings: PostgresSettings, reader: str) -> tuple[_Listed, ...]:
    """The tables that a reader's type is about."""
    if reader == "audit_chain":
        return tuple(table for table in settings.audit_tables if table.chain is not None)
    tables: dict[str, tuple[_Listed, ...]] = {
        "audit_table": settings.audit_tables,
        "tenant_table": settings.tenant_tables,
        "schema_version": settings.schema_versions,
    }
    return tables[reader]


def read_listed(reader: str, scope: Scope, settings: PostgresSettings, earlier: Earlier) -> Reading:
    """Read a type in one database: the tables that the settings name there."""
    reading = Reading()
    for table in listed(settings, reader):
        if table.database != scope.database:
            continue
        try:
            rows = _resources(reader, table, scope, settings, earlier)
            reading.resources += [
                replace(row, data={"database": scope.database, **row.data}) for row in rows
            ]
        except QueryFailedError as error:
            reading.gaps.append(replace(error.gap, subject=table.label))
    version = scope.asker.session.version
    reading.facts |= {"items": len(reading.resources), "server_version": version}
    return reading


def _resources(
    reader: str,
    table: _Listed,
    scope: Scope,
    settings: PostgresSettings,
    earlier: Earlier,
) -> Iterable[Resource]:
    found = _found(table, scope)
    match reader:
        case "audit_table":
            entry = next(t for t in settings.audit_tables if t.label == table.label)
            return audit_rows(table.label, entry.application_roles, found, scope)
        case "audit_chain":
            _require_select(table, found, scope)
            entry = next(t for t in settings.audit_tables if t.label == table.label)
            return [replace(read_chain(scope.asker, entry, FORMS, earlier), uid=str(found["uid"]))]
        case "tenant_table":
            names = ("owner", "row_security", "force_row_security", "policies")
            data = {name: found[name] for name in (*names, "owner_is_application")}
            return [Resource({"id": table.label, **data}, uid=str(found["uid"]))]
        case _:
            _require_select(table, found, scope)
            return [_schema_version(table, scope, settings)]


def _one(scope: Scope, name: str, text: str, params: Mapping[str, object]) -> dict[str, object]:
    answer = scope.asker.ask(name, text, params)
    if not answer.rows:
        return {}
    return dict(zip(answer.columns, map(to_json, answer.rows[0]), strict=True))


def _found(table: _Listed, scope: Scope) -> dict[str, object]:
    names = {"schema": table.schema_, "table": table.table}
    params = {**names, "application_roles": scope.params["application_roles"]}
    found = _one(scope, f"find {table.label}", _FIND, params)
    if not found:
        hint = "correct the target's settings, or find out who dropped it"
        raise failed(Cause.VANISHED, f"there is no table {table.label}", hint=hint)
    return found


def _require_select(table: _Listed, found: Mapping[str, object], scope: Scope) -> None:
    """Say the grant that is missing, and which."""
    rights = _one(
        scope,
        f"rights of ours on {table.label}",
        "SELECT has_any_column_privilege(:oid::oid, 'SELECT') AS reads, "
        "has_schema_privilege(:schema, 'USAGE') AS uses, quote_ident(session_user) AS account",
        {"oid": found["oid"], "schema": table.schema_},
    )
    quoted = scope.asker.session.quoted
    missing = []
    if not rights["uses"]:
        missing.append(f"GRANT USAGE ON SCHEMA {quoted(table.schema_)} TO {rights['account']}")
    if not rights["reads"]:
        relation = quoted(table.schema_, table.table)
        missing.append(f"GRANT SELECT ON {relation} TO {rights['account']}")
    if missing:
        sql = "; ".join(missing)
        detail = f"the auditor's account may not read {table.label}"
        raise failed(Cause.DENIED, detail, action=sql, hint=f"in {table.database} run {sql}")


def _schema_version(table: _Listed, scope: Scope, settings: PostgresSettings) -> Resource:
    entry = next(t for t in settings.schema_versions if t.label == table.label)
    quoted = scope.asker.session.quoted
    column, relation = quoted(entry.column), quoted(entry.schema_, entry.table)
    text = (
        f"SELECT {column}::text AS version, (SELECT count(*) FROM {relation}) AS applied "  # noqa: S608 - quoted by the driver
        f"FROM {relation} AS t ORDER BY t.{column} DESC NULLS LAST LIMIT 1"
    )
    found = _one(scope, f"version of {table.label}", text, {})
    if found.get("version") is None:
        raise failed(Cause.EMPTY, f"{table.label} holds no version")
    return Resource({"id": table.label, **found, "expected": entry.expected})
