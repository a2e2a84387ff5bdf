"""An audit table and a role of an application: what it may do itself, and by code of others."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from auditor.collectors.postgres.audit_rights import CHANGES, guards, rights
from auditor.collectors.postgres.indirect import definers, indirect_ways, on_other_servers
from auditor.collectors.sql.failures import failed
from auditor.collectors.sql.reading import Scope
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause


def row_id(label: str, role: str) -> str:
    """Key of the row of a table and a role."""
    return f"{label} for {role}"


def audit_rows(
    label: str, roles: Collection[str], found: Mapping[str, object], scope: Scope
) -> list[Resource]:
    """A row for each role.

    Args:
        found: `oid`, `uid` and `owner` of the table.

    Raises:
        QueryFailedError: A query failed, or there is no such role.
    """
    oid = found["oid"]
    watched = guards(scope, label, oid)
    owners = definers(scope)
    known = rights(scope, label, oid, {*roles, *owners})
    missing = set(roles) - {str(row["role"]) for row in known}
    if missing:
        detail = f"there is no role {', '.join(sorted(missing))} (application_roles)"
        raise failed(Cause.VANISHED, detail, hint="correct application_roles of the audit table")
    changing = {str(row["role"]) for row in known if any(row[name] for name in CHANGES)}
    ways = indirect_ways(scope, label, oid, roles, owners, changing)
    elsewhere = on_other_servers(scope, label, oid)
    common = {"table": label, "owner": found["owner"]}
    return [
        _row(
            {"id": row_id(label, str(row["role"])), **common, **row, **watched},
            ways[str(row["role"])],
            elsewhere,
            f"{found['uid']}/{row['role']}",
        )
        for row in known
        if row["role"] in roles
    ]


def _row(data: dict[str, object], ways: list[str], elsewhere: list[str], uid: str) -> Resource:
    if not elsewhere:
        return Resource({**data, "indirect": ways}, uid=uid)
    gap = Gap(
        Cause.NOT_SUPPORTED,
        f"rows are on another server ({', '.join(elsewhere)}), which decides who may change them",
        hint="name the table on that server in a target of its own",
    )
    return Resource(data, uid=uid, unread={"indirect": gap})
