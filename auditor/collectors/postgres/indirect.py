"""Ways by which a role could change an audit table with somebody else's rights.

What code does cannot be decided, so whether it *could* is said: a way counts when whom it acts as
may change the table, and a person who has read it may list it in a control's parameter, by its name
and the digest of its definition.

Routines count when they are SECURITY DEFINER and made after the server was set up. Those that an
extension brought and a superuser owns do not: only a superuser can put a routine there. EXECUTE is
enough (the schema's USAGE is not asked for: views and defaults reach code without it), and so is a
trigger that calls the routine, whoever's write fires it, and an aggregate made of it, for which the
server asks for the right of the aggregate's owner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from auditor.collectors.postgres.audit_rights import FAMILY, REACH
from auditor.collectors.sql.failures import failed
from auditor.collectors.sql.might import detours
from auditor.collectors.sql.reading import Scope
from auditor.collectors.sql.session import Row, Rows
from auditor.core.model.status import Cause

_MAX_WAYS = 20_000
_FIRST_OWN_OID = 16_384  # what initdb makes is below it (FirstNormalObjectId)
_COUNTED = f"""
p.prosecdef AND p.oid >= {_FIRST_OWN_OID} AND NOT (o.rolsuper AND EXISTS
  (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid
   AND e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e'))
"""
_DEFINERS = f"""
SELECT DISTINCT o.rolname FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
WHERE {_COUNTED} ORDER BY 1
"""  # noqa: S608 - our own texts
# Each with the roles that can have it run and do not have its rights anyway.
_ROUTINES = f"""
WITH {REACH},
counted AS (SELECT p.oid, p.proowner, o.rolname AS owner,
    p.oid IN (SELECT tgfoid FROM pg_trigger UNION SELECT evtfoid FROM pg_event_trigger
      UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn,
        aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) FROM pg_aggregate) AS fired
  FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
  WHERE {_COUNTED} AND o.rolname = ANY(:owners::text[]) OFFSET 0),
runs AS (SELECT m.member, p.* FROM (SELECT DISTINCT member FROM reach) m
  CROSS JOIN LATERAL (SELECT oid, proowner, owner FROM counted
    WHERE fired OR has_function_privilege(m.member, oid, 'EXECUTE') OFFSET 0) p OFFSET 0)
SELECT x.oid::bigint AS oid, x.oid::regprocedure::text AS name, x.owner,
  array_agg(DISTINCT r.role) AS roles
FROM runs x JOIN reach r ON r.member = x.member
WHERE NOT EXISTS (SELECT FROM reach o WHERE o.oid = r.oid AND o.member = x.proowner)
GROUP BY x.oid, x.owner ORDER BY 2
"""  # noqa: S608 - our own texts
_DEFINITIONS = """
SELECT p.oid::bigint, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.oid = ANY(:oids::oid[])
"""
# A rule acts as the owner of its table. A foreign table may lead back to this server, as somebody
# else: its name is all that tells. A foreign server does with any name, for who may use it and is
# mapped to somebody there: by dblink, or by foreign tables of one's own. Who may make a trigger
# runs code as whoever writes next.
_OTHERS = f"""
WITH RECURSIVE {FAMILY}, {REACH},
rules AS (SELECT DISTINCT w.oid, w.ev_class, CASE w.ev_type WHEN '2' THEN 'UPDATE'
    WHEN '3' THEN 'INSERT' ELSE 'DELETE' END AS event, pg_get_ruledef(w.oid) AS body,
    'rule ' || quote_ident(w.rulename) || ' on ' || w.ev_class::regclass AS name
  FROM (SELECT oid FROM family UNION SELECT oid FROM shown) t
    JOIN pg_depend p ON p.refobjid = t.oid AND p.refclassid = 'pg_class'::regclass
      AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = p.objid WHERE w.ev_type <> '1' AND w.ev_enabled <> 'D'),
ways AS (SELECT name, body, ev_class AS oid, event FROM rules
    WHERE body ~* '\\mDO\\M.*\\m(UPDATE|DELETE)\\M'
  UNION ALL SELECT 'foreign table ' || f.ftrelid::regclass, s.srvname || ' '
      || coalesce(s.srvoptions::text, '') || ' ' || coalesce(f.ftoptions::text, ''),
      f.ftrelid, e.event
    FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
      JOIN pg_class c ON c.oid = f.ftrelid,
      (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS e(event)
    WHERE coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions)
      WHERE option_name = 'table_name'), c.relname) IN (SELECT relname FROM pg_class
      WHERE oid IN (SELECT oid FROM family UNION SELECT oid FROM shown))
  UNION ALL SELECT 'right TRIGGER on ' || oid::regclass, '', oid, 'TRIGGER' FROM family)
SELECT w.name, w.body, r.role FROM ways w, reach r
WHERE has_table_privilege(r.member, w.oid, w.event)
  OR CASE WHEN w.event IN ('INSERT', 'UPDATE')
    THEN has_any_column_privilege(r.member, w.oid, w.event) ELSE false END
UNION SELECT 'foreign server ' || quote_ident(s.srvname), s.srvname || ' '
    || coalesce(s.srvoptions::text, ''), r.role
  FROM pg_foreign_server s, reach r
  WHERE has_server_privilege(r.member, s.oid, 'USAGE')
    AND EXISTS (SELECT FROM pg_user_mappings u WHERE u.srvid = s.oid AND u.umuser IN (0, r.member))
    AND coalesce((SELECT option_value FROM pg_options_to_table(s.srvoptions)
      WHERE option_name = 'dbname'), current_database()) = current_database()
ORDER BY 1, 3
"""  # noqa: S608 - our own texts
_ELSEWHERE = f"""
WITH RECURSIVE {FAMILY}
SELECT c.oid::regclass::text FROM own JOIN pg_class c ON c.oid = own.oid
WHERE c.relkind = 'f' ORDER BY 1
"""  # noqa: S608 - our own texts


@dataclass(frozen=True, slots=True)
class Routine:
    """A routine that runs with its owner's rights.

    Args:
        roles: Who can have it run.
    """

    oid: int
    name: str
    owner: str
    roles: frozenset[str]


def definers(scope: Scope) -> list[str]:
    """The owners of routines that run with their owner's rights."""
    return [str(row[0]) for row in _all(scope, "definers", _DEFINERS, {}).rows]


def indirect_ways(
    scope: Scope,
    label: str,
    oid: object,
    roles: Collection[str],
    owners: Collection[str],
    changing: Collection[str],
) -> dict[str, list[str]]:
    """For each role, the ways by which it could change the table; sorted.

    Args:
        oid: The table's.
        owners: Of routines that run with their rights, as `definers` has them.
        changing: Roles that may change it by their own rights; for those the list says nothing new,
            and is empty.
    """
    asked = sorted({*roles, *owners} - set(changing))
    others = _others(scope, label, oid, asked)
    able = {*changing, *others}
    routines = _routines(scope, owners, asked, able)
    code = [(one.owner, one.roles) for one in routines]
    found = {role: [routines[at] for at in detours(code, able, role)] for role in roles}
    texts = _texts(scope, [one for ones in found.values() for one in ones])
    return {
        role: sorted({*others.get(role, ()), *(texts[one.oid] for one in found[role])})
        for role in roles
    }


def on_other_servers(scope: Scope, label: str, oid: object) -> list[str]:
    """The foreign tables among the table, its partitions and children."""
    answer = _all(scope, f"foreign parts of {label}", _ELSEWHERE, {"oid": oid})
    return [str(row[0]) for row in answer.rows]


def _routines(
    scope: Scope, owners: Collection[str], roles: list[str], able: Collection[str]
) -> list[Routine]:
    """Those of owners who may change the table, or may run one of these: others do not matter."""
    found: list[Routine] = []
    left, strong = set(owners), set(able)
    while left & strong:
        params = {"owners": sorted(left & strong), "roles": roles}
        left -= strong
        more = [
            _routine(row) for row in _all(scope, "routines of definers", _ROUTINES, params).rows
        ]
        strong = strong.union(*(one.roles for one in more))
        found += more
    return found


def _routine(row: Row) -> Routine:
    oid, name, owner, roles = row
    return Routine(int(str(oid)), str(name), str(owner), frozenset(cast("list[str]", roles)))


def _texts(scope: Scope, routines: Iterable[Routine]) -> dict[int, str]:
    wanted = {one.oid: one for one in routines}
    answer = _all(scope, "definitions of routines", _DEFINITIONS, {"oids": sorted(wanted)})
    bodies = {int(str(oid)): str(body) for oid, body in answer.rows}
    return {
        oid: f"{one.name} as {one.owner} {_digest(one.owner, bodies.get(oid, ''))}"
        for oid, one in wanted.items()
    }


def _others(scope: Scope, label: str, oid: object, roles: list[str]) -> Mapping[str, set[str]]:
    params = {"oid": oid, "roles": roles}
    found: dict[str, set[str]] = {}
    for name, body, role in _all(scope, f"rules over {label}", _OTHERS, params).rows:
        text = f"{name} {_digest(str(body))}" if body else str(name)
        found.setdefault(str(role), set()).add(text)
    return found


def _digest(*parts: str) -> str:
    """Sixteen digits that change with the definition."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _all(scope: Scope, name: str, text: str, params: Mapping[str, object]) -> Rows:
    answer = scope.asker.ask(name, text, params, _MAX_WAYS)
    if answer.more:
        raise failed(Cause.TRUNCATED, f"{name}: there are more than {_MAX_WAYS}")
    return answer
