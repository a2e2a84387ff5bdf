"""What a role may do to an audit table by its own rights, and the triggers that guard it.

Its own are those of every role that it is a member of. What it may do by code of others is read in
`indirect`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.collectors.sql.reading import Scope
from auditor.collectors.sql.values import to_json

# Who may change the parent changes the rows of its children: only the rights on what a statement
# names are asked for. So the parents are as good as the table, and so are the views of them.
FAMILY = """
below AS (SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = :oid
  UNION SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.oid),
above AS (SELECT inhparent AS oid FROM pg_inherits WHERE inhrelid = :oid
  UNION SELECT i.inhparent FROM above JOIN pg_inherits i ON i.inhrelid = above.oid),
own AS (SELECT :oid::oid AS oid UNION SELECT oid FROM below),
named AS (SELECT :oid::oid AS oid UNION SELECT oid FROM above),
family AS (SELECT oid FROM own UNION SELECT oid FROM above),
shown AS (SELECT w.ev_class AS oid FROM family JOIN pg_depend p ON p.refobjid = family.oid
    AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = p.objid
  UNION SELECT w.ev_class FROM shown JOIN pg_depend p ON p.refobjid = shown.oid
    AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = p.objid)
"""
"""The table's partitions and children, its parents, and the views of all of them."""

# A role can do what any role can that it is a member of: SET ROLE needs no INHERIT. The server
# keeps the memberships of the role that was asked for last, so they are asked for role by role.
REACH = """
reach AS (SELECT r.oid, r.rolname::text AS role, m.oid AS member
  FROM (SELECT oid, rolname FROM pg_roles WHERE rolname = ANY(:roles::text[]) OFFSET 0) r
  CROSS JOIN LATERAL
    (SELECT oid FROM pg_roles WHERE pg_has_role(r.oid, oid, 'MEMBER') OFFSET 0) m)
"""
"""The roles that are asked about, each with every role that it is a member of, and with itself."""

# It changes rows by its own right, by that on a row that a foreign key refers to and takes the
# audit row along, and by that on a view, which acts as its owner. Who owns the schema may drop the
# table; before 16, who may create roles may become any that is no superuser, and some of those
# write the server's files.
_RIGHTS = f"""
WITH RECURSIVE {FAMILY}, {REACH},
referred AS (SELECT confrelid AS oid, confdeltype, confupdtype FROM pg_constraint
  WHERE contype = 'f' AND conrelid IN (SELECT oid FROM own)
  UNION SELECT k.confrelid, d.confdeltype, d.confupdtype FROM referred d JOIN pg_constraint k
    ON k.contype = 'f' AND k.conrelid = d.oid AND (k.confdeltype = 'c' OR k.confupdtype = 'c')),
views AS (SELECT v.oid, pg_relation_is_updatable(v.oid, true) AS events
  FROM shown JOIN pg_class v ON v.oid = shown.oid WHERE v.relkind = 'v' AND NOT EXISTS
  (SELECT FROM pg_options_to_table(v.reloptions)
    WHERE option_name = 'security_invoker' AND option_value::bool)),
able AS (SELECT m.oid AS member, m.rolsuper OR m.rolname IN ('pg_execute_server_program',
      'pg_write_server_files') AS superuser,
    t.owns OR (m.rolcreaterole AND current_setting('server_version_num')::int < 160000) AS owns,
    has_any_column_privilege(m.oid, :oid, 'INSERT') AS can_insert,
    t.can_update OR f.can_update OR v.can_update AS can_update,
    t.can_delete OR f.can_delete OR v.can_delete AS can_delete, t.can_truncate,
    p.can_change_partition
  FROM pg_roles m
  CROSS JOIN LATERAL (SELECT bool_or(m.oid IN (c.relowner, n.nspowner)) AS owns,
    bool_or(has_any_column_privilege(m.oid, c.oid, 'UPDATE')) AS can_update,
    bool_or(has_table_privilege(m.oid, c.oid, 'DELETE')) AS can_delete,
    bool_or(has_table_privilege(m.oid, c.oid, 'TRUNCATE')) AS can_truncate
    FROM named JOIN pg_class c ON c.oid = named.oid
      JOIN pg_namespace n ON n.oid = c.relnamespace) t
  CROSS JOIN LATERAL (SELECT coalesce(bool_or(has_any_column_privilege(m.oid, b.oid, 'UPDATE')
    OR has_table_privilege(m.oid, b.oid, 'DELETE')
    OR has_table_privilege(m.oid, b.oid, 'TRUNCATE')
    OR m.oid IN (c.relowner, n.nspowner)), false) AS can_change_partition
    FROM below b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace) p
  CROSS JOIN LATERAL (SELECT coalesce(bool_or(d.confdeltype = 'c'
      AND has_table_privilege(m.oid, d.oid, 'DELETE')), false) AS can_delete,
    coalesce(bool_or((d.confdeltype IN ('n', 'd') AND has_table_privilege(m.oid, d.oid, 'DELETE'))
      OR (d.confupdtype IN ('c', 'n', 'd')
      AND has_any_column_privilege(m.oid, d.oid, 'UPDATE'))), false) AS can_update
    FROM referred d) f
  CROSS JOIN LATERAL (SELECT coalesce(bool_or(w.events & 16 > 0
      AND has_table_privilege(m.oid, w.oid, 'DELETE')), false) AS can_delete,
    coalesce(bool_or(w.events & 4 > 0
      AND has_any_column_privilege(m.oid, w.oid, 'UPDATE')), false) AS can_update
    FROM views w) v
  WHERE m.oid IN (SELECT member FROM reach))
SELECT r.role, bool_or(a.superuser) AS superuser, bool_or(a.owns) AS owns,
  bool_or(a.can_insert) AS can_insert, bool_or(a.can_update) AS can_update,
  bool_or(a.can_delete) AS can_delete, bool_or(a.can_truncate) AS can_truncate,
  bool_or(a.can_change_partition) AS can_change_partition
FROM reach r JOIN able a ON a.member = r.member GROUP BY r.role ORDER BY r.role
"""  # noqa: S608 - our own texts
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


CHANGES = (
    "superuser",
    "owns",
    "can_update",
    "can_delete",
    "can_truncate",
    "can_change_partition",
)
"""Fields of which one is enough to change what the table holds."""


def rights(scope: Scope, label: str, oid: object, roles: Iterable[str]) -> list[dict[str, object]]:
    """What roles may do to the table, a record for each that there is."""
    params = {"oid": oid, "roles": list(roles)}
    answer = scope.asker.ask(f"rights on {label}", _RIGHTS, params)
    return [dict(zip(answer.columns, map(to_json, row), strict=True)) for row in answer.rows]


def guards(scope: Scope, label: str, oid: object) -> Mapping[str, object]:
    """Which changes a trigger always refuses, and the functions of all triggers."""
    answer = scope.asker.ask(f"triggers of {label}", _TRIGGERS, {"oid": oid})
    return dict(zip(answer.columns, map(to_json, answer.rows[0]), strict=True))
