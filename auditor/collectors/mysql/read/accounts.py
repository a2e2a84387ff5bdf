"""Accounts and roles, with everything that they may do on the whole server."""

from __future__ import annotations

from auditor.collectors.mysql.accounts import (
    Account,
    is_any_host,
    is_loopback,
    is_wildcard,
    parse_accounts,
)
from auditor.collectors.mysql.desk import Desk
from auditor.collectors.mysql.privileges import ADMINISTRATOR, Privileges
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Resource

_INTERNAL = frozenset({"mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema"})


def load_accounts(desk: Desk) -> list[Account]:
    """Every account and role of the server.

    Raises:
        QueryFailedError: A system table could not be read.
    """
    rows = desk.ask("accounts").rows
    dynamic = () if desk.is_mariadb else desk.ask("dynamic_privileges").rows
    return parse_accounts(rows, desk.ask("role_members").rows, dynamic)


def read_accounts(desk: Desk) -> Reading:
    """One row for each account and role."""
    privileges = Privileges(load_accounts(desk))
    counted = desk.count("account_count")
    found = [_resource(desk.settings.endpoint, one, privileges) for one in privileges.accounts]
    found.sort(key=lambda resource: str(resource.data["account"]))
    return Reading(found, {"accounts": counted})


def _resource(endpoint: str, account: Account, privileges: Privileges) -> Resource:
    held = privileges.everywhere(account)
    return Resource(
        {
            "endpoint": endpoint,
            "account": account.label,
            "user": account.user,
            "host": account.host,
            "role": account.role,
            "internal": account.locked and account.user in _INTERNAL,
            "anonymous": not account.user,
            "locked": account.locked,
            "password_expired": account.expired,
            "any_host": not account.role and is_any_host(account.host),
            "wildcard_host": not account.role and is_wildcard(account.host),
            "loopback": is_loopback(account.host),
            "methods": [
                {"plugin": method.plugin, "password": method.password} for method in account.methods
            ],
            "plugins": sorted({method.plugin for method in account.methods}),
            "passwordless": account.open,
            "tls": account.tls,
            "roles": privileges.roles(account),
            "privileges": held,
            "administrator": not ADMINISTRATOR.isdisjoint(held),
            "file": "FILE" in held,
            "super": "SUPER" in held,
        }
    )
