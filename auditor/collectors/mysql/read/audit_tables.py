"""Tables that may only grow: who of the application could change them, and what forbids it.

MySQL has no owner of a table: what counts are privileges, on every level and through roles, and the
guards that hold even for those who have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.collectors.mysql.desk import Desk, Draft
from auditor.collectors.mysql.privileges import (
    Privileges,
    applications,
    database_grants,
    table_grants,
)
from auditor.collectors.mysql.read.accounts import load_accounts
from auditor.collectors.mysql.settings import MysqlAuditTable
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading
from auditor.collectors.sql.text import MYSQL, tokens
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_PRIVILEGED = ("applications", "unknown_applications", "excess")
_WATCHED = ("exists", "engine", "update_guard", "delete_guard", "triggers")
_FOLLOWING = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})
_NO_ERROR = ("00", "01", "02")


def read_audit_tables(desk: Desk) -> Reading:
    """One row for each table of the settings."""
    reading = Reading(facts={"tables": len(desk.settings.audit_tables)})
    if not desk.settings.audit_tables:
        return reading
    privileges: Privileges | Gap
    try:
        privileges = load_privileges(desk)
    except QueryFailedError as error:
        privileges = error.gap
    for table in desk.settings.audit_tables:
        row = Draft({"endpoint": desk.settings.endpoint, "table": table.label})
        if isinstance(privileges, Gap):
            row.miss(_PRIVILEGED, privileges)
        else:
            _add_powers(row, desk, privileges, table)
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
    return Privileges(load_accounts(desk), grants)


def _add_powers(row: Draft, desk: Desk, privileges: Privileges, table: MysqlAuditTable) -> None:
    found = {name: applications(privileges.accounts, name) for name in table.application_roles}
    accounts = {one.name: one for ones in found.values() for one in ones}.values()
    row.data |= {
        "applications": sorted(one.label for one in accounts),
        "unknown_applications": sorted(name for name, ones in found.items() if not ones),
    }
    try:
        references = _references(desk, table)
    except QueryFailedError as error:
        row.miss(["excess"], error.gap)
        return
    excess = {
        line for one in accounts for line in privileges.excess(one, table.database, table.table)
    }
    for schema, name, rights in references:
        for one in accounts:
            excess |= set(privileges.cascading(one, schema, name, rights))
    row.data["excess"] = sorted(excess)


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
    grant = f"GRANT TRIGGER ON {desk.session.quoted(table.database, table.table)} TO {account}"
    detail = f"the auditor's account may not see the triggers of {table.label}"
    raise QueryFailedError(Gap(Cause.DENIED, detail, action=grant, hint=f"run {grant}"))


def raises(body: str) -> bool:
    """Whether a trigger's body raises an error whatever the row.

    That is so when its first statement is SIGNAL with a state that is an error. Anything else, a
    condition or a state by name, is not taken for a guard.
    """
    parts = [token for token in tokens(body, MYSQL) if not token.text.isspace()]
    words = [token.text.upper() for token in parts if token.kind != "comment"]
    if words[:1] == ["BEGIN"]:
        words = words[1:]
    if words[:2] != ["SIGNAL", "SQLSTATE"]:
        return False
    state = _first(words[2:4], skip="VALUE").strip("'\"")
    return bool(state) and not state.startswith(_NO_ERROR)


def _first(words: Sequence[str], skip: str) -> str:
    rest: Iterable[str] = (word for word in words if word != skip)
    return next(iter(rest), "")
