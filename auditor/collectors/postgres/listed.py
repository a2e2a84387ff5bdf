"""Types about the tables that a target's settings name: read in the database of each.

A table that is named and not there is a gap of its own, never a row less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

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
# A role can do what any role can that it is a member of: SET ROLE needs no INHERIT. It changes rows
# by its own right, by that on a row that a foreign key refers to and takes the audit row along, and
# by that on a view, which acts as its owner. Who owns the schema may drop the table; before 16, who
# may create roles may become any that is no superuser.
_RIGHTS = """
WITH RECURSIVE below AS (SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = :oid
  UNION SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.oid),
own AS (SELECT :oid::oid AS oid UNION SELECT oid FROM below),
referred AS (SELECT confrelid AS oid, confdeltype, confupdtype FROM pg_constraint
  WHERE contype = 'f' AND conrelid IN (SELECT oid FROM own)
  UNION SELECT k.confrelid, d.confdeltype, d.confupdtype FROM referred d JOIN pg_constraint k
    ON k.contype = 'f' AND k.conrelid = d.oid AND (k.confdeltype = 'c' OR k.confupdtype = 'c')),
shown AS (SELECT w.ev_class AS oid FROM own JOIN pg_depend p ON p.refobjid = own.oid
    AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = p.objid
  UNION SELECT w.ev_class FROM shown JOIN pg_depend p ON p.refobjid = shown.oid
    AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = p.objid),
views AS (SELECT v.oid, pg_relation_is_updatable(v.oid, true) AS events
  FROM shown JOIN pg_class v ON v.oid = shown.oid WHERE v.relkind = 'v'
  AND NOT coalesce('security_invoker=true' = ANY(v.reloptions), false))
SELECT r.rolname AS role, a.superuser, pg_has_role(r.oid, c.relowner, 'MEMBER')
    OR pg_has_role(r.oid, n.nspowner, 'MEMBER') OR (a.makes_roles AND NOT o.rolsuper
    AND current_setting('server_version_num')::int < 160000) AS owns,
  a.can_insert, a.can_update OR f.can_update OR v.can_update AS can_update,
  a.can_delete OR f.can_delete OR v.can_delete AS can_delete, a.can_truncate, p.can_change_partition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner,
  pg_roles r
  CROSS JOIN LATERAL (SELECT bool_or(m.rolsuper OR m.rolname IN ('pg_execute_server_program',
      'pg_write_server_files')) AS superuser,
    bool_or(m.rolcreaterole) AS makes_roles,
    bool_or(has_any_column_privilege(m.oid, :oid, 'INSERT')) AS can_insert,
    bool_or(has_any_column_privilege(m.oid, :oid, 'UPDATE')) AS can_update,
    bool_or(has_table_privilege(m.oid, :oid, 'DELETE')) AS can_delete,
    bool_or(has_table_privilege(m.oid, :oid, 'TRUNCATE')) AS can_truncate
    FROM pg_roles m WHERE pg_has_role(r.oid, m.oid, 'MEMBER')) a
  CROSS JOIN LATERAL (SELECT coalesce(bool_or(has_any_column_privilege(m.oid, b.oid, 'UPDATE')
    OR has_table_privilege(m.oid, b.oid, 'DELETE')
    OR has_table_privilege(m.oid, b.oid, 'TRUNCATE')), false) AS can_change_partition
    FROM pg_roles m, below b WHERE pg_has_role(r.oid, m.oid, 'MEMBER')) p
  CROSS JOIN LATERAL (SELECT coalesce(bool_or(d.confdeltype = 'c'
      AND has_table_privilege(m.oid, d.oid, 'DELETE')), false) AS can_delete,
    coalesce(bool_or((d.confdeltype IN ('n', 'd') AND has_table_privilege(m.oid, d.oid, 'DELETE'))
      OR (d.confupdtype IN ('c', 'n', 'd')
      AND has_any_column_privilege(m.oid, d.oid, 'UPDATE'))), false) AS can_update
    FROM pg_roles m, referred d WHERE pg_has_role(r.oid, m.oid, 'MEMBER')) f
  CROSS JOIN LATERAL (SELECT coalesce(bool_or(w.events & 16 > 0
      AND has_table_privilege(m.oid, w.oid, 'DELETE')), false) AS can_delete,
    coalesce(bool_or(w.events & 4 > 0
      AND has_any_column_privilege(m.oid, w.oid, 'UPDATE')), false) AS can_update
    FROM pg_roles m, views w WHERE pg_has_role(r.oid, m.oid, 'MEMBER')) v
WHERE c.oid = :oid AND r.rolname = ANY(:roles::text[]) ORDER BY r.rolname
"""
_TRIGGERS = r"""
SELECT coalesce(bool_or(raises AND t.tgtype & 16 > 0 AND t.tgattr = ''), false) AS guards_update,
  coalesce(bool_or(raises AND t.tgtype & 8 > 0), false) AS guards_delete,
  coalesce(bool_or(raises AND t.tgtype & 32 > 0), false) AS guards_truncate,
  coalesce(array_agg(DISTINCT p.oid::regprocedure::text), '{}') AS trigger_functions
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid CROSS JOIN LATERAL
  (SELECT t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgtype & 2 > 0
   AND p.prosrc ~* '\mraise\s+exception\M' AS raises) x
WHERE t.tgrelid = :oid AND NOT t.tgisinternal
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
            _row_id(table.label, role)
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
            return _audit_rows(table, entry.application_roles, found, scope)
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


def _row_id(label: str, role: str) -> str:
    return f"{label} for {role}"


def _audit_rows(
    table: _Listed, roles: Iterable[str], found: Mapping[str, object], scope: Scope
) -> list[Resource]:
    oid = {"oid": found["oid"]}
    guards = _one(scope, f"triggers of {table.label}", _TRIGGERS, oid)
    answer = scope.asker.ask(f"rights on {table.label}", _RIGHTS, {**oid, "roles": list(roles)})
    rows = [dict(zip(answer.columns, map(to_json, row), strict=True)) for row in answer.rows]
    missing = set(roles) - {str(row["role"]) for row in rows}
    if missing:
        detail = f"there is no role {', '.join(sorted(missing))} (application_roles)"
        raise failed(Cause.VANISHED, detail, hint="correct application_roles of the audit table")
    return [
        Resource(
            {
                "id": _row_id(table.label, str(row["role"])),
                "table": table.label,
                "owner": found["owner"],
                **row,
                **guards,
            },
            uid=f"{found['uid']}/{row['role']}",
        )
        for row in rows
    ]


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
