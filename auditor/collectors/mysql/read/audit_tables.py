"""Tables that may only grow: who of the application could change them, and what forbids it.

MySQL has no owner of a table: what counts are privileges, on every level and through roles, and the
guards that hold even for those who have them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from auditor.collectors.mysql.accounts import Account
from auditor.collectors.mysql.desk import Desk, Draft
from auditor.collectors.mysql.privileges import (
    Privileges,
    applications,
    database_grants,
    may_be_revoked,
    table_grants,
)
from auditor.collectors.mysql.read.accounts import load_accounts
from auditor.collectors.mysql.read.guards import raises
from auditor.collectors.mysql.read.indirect import Code, indirect, read_code, routine_grants
from auditor.collectors.mysql.settings import MysqlAuditTable
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

Result = TypeVar("Result")
_PRIVILEGED = ("applications", "unknown_applications", "excess", "indirect")
_WATCHED = ("exists", "engine", "update_guard", "delete_guard", "triggers")
_FOLLOWING = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def read_audit_tables(desk: Desk) -> Reading:
    """One row for each table of the settings."""
    reading = Reading(facts={"tables": len(desk.settings.audit_tables)})
    if not desk.settings.audit_tables:
        return reading
    privileges = _or_gap(lambda: load_privileges(desk))
    code = (
        privileges if isinstance(privileges, Gap) else _or_gap(partial(read_code, desk, privileges))
    )
    for table in desk.settings.audit_tables:
        row = Draft({"endpoint": desk.settings.endpoint, "table": table.label})
        if isinstance(privileges, Gap):
            row.miss(_PRIVILEGED, privileges)
        else:
            _add_powers(row, desk, privileges, table, code)
        try:
            row.data |= _watched(desk, table)
        except QueryFailedError as error:
            row.miss(_WATCHED, error.gap)
        reading.resources.append(row.resource())
    return reading


def load_privileges(desk: Desk) -> Privileges:
    """Accounts and their privileges on every level.

    Raises:
        QueryFailedError: A system table could not be read.
    """
    databases = desk.ask("database_privileges")
    tables, columns = desk.ask("table_privileges").rows, desk.ask("column_privileges").rows
    grants = [*database_grants(databases.columns, databases.rows), *table_grants(tables, columns)]
    routines = routine_grants(desk.ask("routine_privileges").rows)
    return Privileges(load_accounts(desk), grants, routines)


def _or_gap(read: Callable[[], Result]) -> Result | Gap:
    try:
        return read()
    except QueryFailedError as error:
        return error.gap


def _add_powers(
    row: Draft,
    desk: Desk,
    privileges: Privileges,
    table: MysqlAuditTable,
    code: Sequence[Code] | Gap,
) -> None:
    found = {name: applications(privileges.accounts, name) for name in table.application_roles}
    accounts = {one.name: one for ones in found.values() for one in ones}.values()
    row.data |= {
        "applications": sorted(one.label for one in accounts),
        "unknown_applications": sorted(name for name, ones in found.items() if not ones),
    }
    references = _or_gap(partial(_references, desk, table))
    if isinstance(references, Gap):
        row.miss(["excess", "indirect"], references)
        return

    def excess(account: Account) -> set[str]:
        own = set(privileges.excess(account, table.database, table.table))
        for schema, name, rights in references:
            own |= set(privileges.cascading(account, schema, name, rights))
        return own

    _add_excess(row, desk, {line for one in accounts for line in excess(one)})
    if isinstance(code, Gap):
        row.miss(["indirect"], code)
        return
    place = (table.database, table.table)
    row.data["indirect"] = indirect(
        code, privileges, list(accounts), place, lambda one: bool(excess(one))
    )


def _add_excess(row: Draft, desk: Desk, lines: Collection[str]) -> None:
    """What was found; unread where partial revokes, which are not looked up, may take all off."""
    if lines and all(map(may_be_revoked, lines)):
        revoked = _or_gap(partial(_partial_revokes, desk))
        if isinstance(revoked, Gap):
            row.miss(["excess"], revoked)
            return
        if revoked:
            detail = f"partial revokes may take off what was granted: {', '.join(sorted(lines))}"
            hint = "look at SHOW GRANTS of the account; grant on databases instead of on *.*"
            row.miss(["excess"], Gap(Cause.NOT_SUPPORTED, detail, hint=hint))
            return
    row.data["excess"] = sorted(lines)


def _partial_revokes(desk: Desk) -> bool:
    """Whether MySQL may hold back, in one database, a privilege that was granted on all."""
    if desk.is_mariadb:
        return False
    variables = desk.variables()
    return variables.has("partial_revokes") and variables.flag("partial_revokes")


def _references(desk: Desk, table: MysqlAuditTable) -> list[tuple[str, str, frozenset[str]]]:
    """Tables whose rows take audit rows along, and by which rights: no trigger fires then."""
    _require_trigger(desk, table)  # who holds nothing on the table is told of no foreign key
    found = []
    names = {"database": table.database, "table": table.table}
    for schema, name, on_delete, on_update in desk.ask("references", names).rows:
        rules = (("DELETE", on_delete), ("UPDATE", on_update))
        rights = frozenset(right for right, rule in rules if str(rule) in _FOLLOWING)
        found.append((str(schema), str(name), rights))
    return found


def _watched(desk: Desk, table: MysqlAuditTable) -> dict[str, object]:
    """What is only shown to those who hold TRIGGER: others are told of no trigger, and no table."""
    _require_trigger(desk, table)
    names = {"database": table.database, "table": table.table}
    found = desk.ask("audit_table", names).rows
    triggers = [tuple(map(str, row)) for row in desk.ask("triggers", names).rows]
    guards = {event for _, timing, event, text in triggers if timing == "BEFORE" and raises(text)}
    return {
        "exists": bool(found),
        "engine": None if not found or found[0][0] is None else str(found[0][0]),
        "update_guard": "UPDATE" in guards,
        "delete_guard": "DELETE" in guards,
        "triggers": [f"{name}: {timing} {event}" for name, timing, event, _ in triggers],
    }


def _require_trigger(desk: Desk, table: MysqlAuditTable) -> None:
    account = str(desk.ask("own_account").rows[0][0])
    user, _, host = account.rpartition("@")
    places = {("", ""), (table.database, ""), (table.database, table.table)}
    for grantee, privilege, schema, name in desk.ask("own_privileges").rows:
        if grantee == f"'{user}'@'{host}'" and privilege == "TRIGGER" and (schema, name) in places:
            return
    grant = f"GRANT TRIGGER ON *.* TO {account}"
    detail = f"the auditor's account may not see the triggers of {table.label}"
    raise QueryFailedError(Gap(Cause.DENIED, detail, action=grant, hint=f"run {grant}"))
