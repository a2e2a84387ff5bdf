"""Code by which an application could change an audit table with somebody else's rights.

What code does cannot be decided, so whether it *could* is said: it counts when its definer may
change the table (by itself, or by other code) and an account of the application can have it run:
routines that it may run as their definer or alter, triggers of tables that it may write, updatable
views that it may change, and views that it may only read where their definer may run functions: a
view runs them with its definer's rights. Events count whoever made them: nobody needs to run them.

Code whose definer is no account does not run, and a trigger that begins with an error does no more.
A trigger of the audit table itself cannot change it: the server refuses (error 1442).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from auditor.collectors.mysql.accounts import Account
from auditor.collectors.mysql.desk import Desk
from auditor.collectors.mysql.privileges import Grant, Privileges
from auditor.collectors.mysql.read.guards import raises
from auditor.collectors.sql.might import detours, mighty
from auditor.collectors.sql.session import Row

_WRITES = frozenset({"INSERT", "UPDATE", "DELETE"})
_SHIPPED = {("sys", "mysql.sys@localhost"), ("sys", "mariadb.sys@localhost")}


@dataclass(frozen=True, slots=True)
class Code:
    """Something that runs as its definer.

    Args:
        name: As the report names it, with the definer and, but for views, a digest.
        on: Database and table whose writes fire it; None: it is no trigger.
        reached: Whether an account can have it run.
        always: It runs by itself.
    """

    name: str
    definer: str
    reached: Callable[[Account], bool]
    on: tuple[str, str] | None = None
    always: bool = False


def read_code(desk: Desk, privileges: Privileges) -> list[Code]:
    """All code of the server that runs, or can be made to run, as its definer.

    Raises:
        QueryFailedError: Some of it could not be read; the server leaves out what it does not show,
            so the rights are asked for first.
    """
    for grant in ("triggers", "routines", "events", "tables"):
        desk.require(grant)
    routines = desk.ask("definer_routines").rows
    return [
        *_routines(routines, privileges),
        *_triggers(desk, privileges),
        *_views(desk, privileges, routines),
        *_events(desk),
    ]


def indirect(
    code: Iterable[Code],
    privileges: Privileges,
    applications: Collection[Account],
    table: tuple[str, str],
    may_change: Callable[[Account], bool],
) -> list[str]:
    """The code by which one of the applications could change the table; sorted.

    Args:
        table: Its database and name.
        may_change: Whether an account may by its own privileges.
    """
    place = tuple(part.lower() for part in table)
    named = {_definer(one.name): one for one in privileges.accounts}
    known = [
        one for one in code if one.definer in named and (one.on is None or _lower(one.on) != place)
    ]
    asked = {one.label: one for one in (*applications, *(named[c.definer] for c in known))}
    able = [label for label, one in asked.items() if may_change(one)]
    reach = [
        frozenset(label for label, who in asked.items() if _gains(one, who, privileges))
        for one in known
    ]
    owners = [named[one.definer].label for one in known]
    pieces = list(zip(owners, reach, strict=True))
    strong = mighty(pieces, able)
    found = {at for one in applications for at in detours(pieces, able, one.label)}
    found |= {at for at, one in enumerate(known) if one.always and owners[at] in strong}
    return sorted({known[at].name for at in found})


def _gains(code: Code, account: Account, privileges: Privileges) -> bool:
    """Whether an account can have it run, and has not the definer's privileges anyway."""
    own = {_definer(one.name) for one in privileges.chain(account)}
    return code.definer not in own and code.reached(account)


def _definer(name: tuple[str, str]) -> str:
    """As the server writes a definer; a role of MariaDB has no host."""
    user, host = name
    return f"{user}@{host.lower()}" if host else user


def _as_definer(text: str) -> str:
    user, at, host = text.rpartition("@")
    return f"{user}@{host.lower()}" if at and host else user or host


def _lower(names: tuple[str, str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _routines(rows: Iterable[Row], privileges: Privileges) -> Iterator[Code]:
    for row in rows:
        kind, schema, name, definer, security, digest = map(str, row)
        reached = partial(
            privileges.runs, database=schema, routine=name, definer=security == "DEFINER"
        )
        yield Code(f"{kind} {schema}.{name} as {definer} {digest}", _as_definer(definer), reached)


def _triggers(desk: Desk, privileges: Privileges) -> Iterator[Code]:
    for row in desk.ask("definer_triggers").rows:
        schema, name, definer, place, table, events, body, digest = map(str, row)
        if raises(body):
            continue
        rights = frozenset(event.strip().upper() for event in events.split(","))
        reached = partial(privileges.has_any, rights=rights, database=place, table=table)
        text = f"trigger {schema}.{name} on {table} as {definer} {digest}"
        yield Code(text, _as_definer(definer), reached, (place, table))


def _views(desk: Desk, privileges: Privileges, routines: Iterable[Row]) -> Iterator[Code]:
    """Their text is not shown to us: any view may be one of the audit table, or run a function."""
    views = [tuple(map(str, row)) for row in desk.ask("definer_views").rows]
    callers = _callers({_as_definer(view[2]) for view in views}, routines, privileges)
    for schema, name, definer, updatable in views:
        rights = _WRITES if updatable == "YES" else frozenset[str]()
        if _as_definer(definer) in callers:
            rights |= {"SELECT"}
        reached = partial(privileges.has_any, rights=rights, database=schema, table=name)
        yield Code(f"view {schema}.{name} as {definer}", _as_definer(definer), reached)


def _callers(
    definers: Collection[str], routines: Iterable[Row], privileges: Privileges
) -> frozenset[str]:
    """Definers who may run a stored function; those that came with the schema `sys` change none."""
    functions = [
        (str(schema), str(name))
        for kind, schema, name, definer, *_rest in routines
        if kind == "function" and (schema, definer) not in _SHIPPED
    ]
    return frozenset(
        _definer(one.name)
        for one in privileges.accounts
        if _definer(one.name) in definers
        and any(privileges.runs(one, schema, name, definer=True) for schema, name in functions)
    )


def _events(desk: Desk) -> Iterator[Code]:
    for row in desk.ask("definer_events").rows:
        schema, name, definer, digest = map(str, row)
        text = f"event {schema}.{name} as {definer} {digest}"
        yield Code(text, _as_definer(definer), lambda _: False, always=True)


def routine_grants(rows: Iterable[Iterable[object]]) -> list[Grant]:
    """Grants of `mysql.procs_priv`.

    Args:
        rows: User, host, database, routine, privileges (`Execute,Alter Routine`).
    """
    found = []
    for row in rows:
        user, host, database, routine, held = map(str, row)
        names = frozenset(part.strip().upper() for part in held.split(",") if part.strip())
        found.append(Grant((user, host), database, routine, names))
    return found
