"""What an account may do to a table, by the server's rules. Pure.

Privileges add up: on `*.*`, on the database (whose name may be a pattern), on the table and on its
columns; the account's own, those of its roles and of their roles, and those of PUBLIC. A row of the
system tables counts for an account when the user is the same (or empty, which is everybody) and
one host could match both patterns: a wrong yes leads to a look at the grants, a wrong no would
hide one. MySQL's partial revokes are not taken off, for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.mysql.accounts import Account, Name, account_label, is_wildcard

PUBLIC: Name = ("PUBLIC", "")
ON_ALL = "*.*"
CHANGES_ROWS = frozenset({"UPDATE", "DELETE", "DELETE HISTORY"})
CHANGES_TABLE = frozenset({"DROP", "ALTER", "TRIGGER", "GRANT OPTION"})
CHANGES_ALL = frozenset(
    {
        "SUPER",
        "CREATE USER",
        "SET USER",
        "SET_USER_ID",
        "SET_ANY_DEFINER",
        "SYSTEM_USER",
        "ROLE_ADMIN",
        "BINLOG REPLAY",
        "BINLOG_ADMIN",
    }
)
ADMINISTRATOR = CHANGES_ALL | {"GRANT OPTION", "UPDATE", "DELETE", "INSERT", "SHUTDOWN"}
"""Any of these on `*.*`: it can change accounts, privileges, or every table."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileges of an account on something.

    Args:
        name: User and host as the row has them.
        database: As the row has it: a pattern for a database, a name for a table.
        table: None for a whole database.
        privileges: In capitals, `DELETE HISTORY`.
    """

    name: Name
    database: str
    table: str | None
    privileges: frozenset[str]

    @property
    def on(self) -> str:
        """`shop.*`, `shop.events`."""
        return f"{self.database}.{self.table or '*'}"


@dataclass(frozen=True, slots=True)
class Privileges:
    """All accounts of a server and their privileges."""

    accounts: Sequence[Account]
    grants: Sequence[Grant] = field(default=())
    routine_grants: Sequence[Grant] = field(default=())
    # By name, as servers have thousands of each and every account is asked about every routine.
    _accounts: Mapping[Name, Account] = field(init=False, repr=False, compare=False)
    _grants: Mapping[str, Sequence[Grant]] = field(init=False, repr=False, compare=False)
    _routine_grants: Mapping[str, Sequence[Grant]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index what is asked for by name."""
        object.__setattr__(self, "_accounts", {one.name: one for one in self.accounts})
        object.__setattr__(self, "_grants", _by_user(self.grants))
        object.__setattr__(self, "_routine_grants", _by_user(self.routine_grants))

    def chain(self, account: Account) -> list[Account]:
        """The account and every role that it has, by any way, and PUBLIC."""
        found: dict[Name, Account] = {account.name: account}
        queue = [*account.roles, PUBLIC]
        while queue:
            name = queue.pop()
            role = self._accounts.get(name)
            if role is not None and name not in found:
                found[name] = role
                queue += role.roles
        return list(found.values())

    def roles(self, account: Account) -> list[str]:
        """Labels of the roles that it has, by any way; sorted."""
        return sorted(one.label for one in self.chain(account) if one.name != account.name)

    def everywhere(self, account: Account) -> list[str]:
        """Privileges on `*.*`, its own and its roles'; sorted."""
        return sorted({held for one in self.chain(account) for held in one.privileges})

    def excess(self, account: Account, database: str, table: str) -> list[str]:
        """What lets it change the table or its rows: `app@%: DELETE on shop.*`; sorted."""
        return sorted(
            {
                f"{one.label}: {privilege} on {place}"
                for one in self.chain(account)
                for place, held in self._held(one, database, table)
                for privilege in held & _forbidden(place)
            }
        )

    def cascading(
        self, account: Account, database: str, table: str, rights: frozenset[str]
    ) -> list[str]:
        """What lets it change rows through a foreign key to the table; sorted, as `excess`."""
        return sorted(
            {
                f"{one.label}: {privilege} on {place}, by a foreign key to {database}.{table}"
                for one in self.chain(account)
                for place, held in self._held(one, database, table)
                for privilege in held & rights
            }
        )

    def has_any(self, account: Account, rights: frozenset[str], database: str, table: str) -> bool:
        """Whether it has one of these on a table or view, on any level."""
        return any(
            held & rights
            for one in self.chain(account)
            for _, held in self._held(one, database, table)
        )

    def runs(self, account: Account, database: str, routine: str, *, definer: bool) -> bool:
        """Whether it can have a routine run as its definer.

        Args:
            definer: It runs as its definer now; else who may alter it can make it do so.
        """
        rights = frozenset({"ALTER ROUTINE", "EXECUTE"} if definer else {"ALTER ROUTINE"})
        return any(
            one.privileges & rights
            or any(held & rights for held in self._held_on_routine(one, database, routine))
            for one in self.chain(account)
        )

    def _held_on_routine(
        self, account: Account, database: str, routine: str
    ) -> Iterable[frozenset[str]]:
        for grant in _about(account, self._routine_grants):
            if _covers(grant, database, routine):
                yield grant.privileges
        for grant in _about(account, self._grants):
            if grant.table is None and _covers(grant, database, ""):
                yield grant.privileges

    def _held(
        self, account: Account, database: str, table: str
    ) -> Iterable[tuple[str, frozenset[str]]]:
        yield ON_ALL, account.privileges
        for grant in _about(account, self._grants):
            if _covers(grant, database, table):
                yield grant.on, grant.privileges


def _forbidden(place: str) -> frozenset[str]:
    return CHANGES_ROWS | CHANGES_TABLE | (CHANGES_ALL if place == ON_ALL else frozenset())


def _by_user(grants: Iterable[Grant]) -> dict[str, list[Grant]]:
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.name[0], []).append(grant)
    return found


def _about(account: Account, grants: Mapping[str, Sequence[Grant]]) -> Iterable[Grant]:
    """The rows that may be about an account: its user's, and everybody's."""
    for user in {account.user, ""}:
        yield from (one for one in grants.get(user, ()) if _same(one.name, account))


def _same(name: Name, account: Account) -> bool:
    """Whether a row may be about the account."""
    user, host = name
    if user not in {"", account.user} or (not user and account.role):
        return False
    same_host = host.lower() == account.host.lower()
    return same_host or is_wildcard(host) or is_wildcard(account.host)


def _covers(grant: Grant, database: str, table: str) -> bool:
    if grant.table is None:
        return database_matches(grant.database, database)
    return (grant.database.lower(), grant.table.lower()) == (database.lower(), table.lower())


def database_matches(pattern: str, database: str) -> bool:
    r"""Whether a pattern of `mysql.db` matches: `%` many, `_` one, `\_` itself; case aside."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, database, re.DOTALL | re.IGNORECASE) is not None


def database_grants(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[Grant]:
    """Grants of `mysql.db`, whose columns are `Host`, `Db`, `User` and `Delete_priv`, ..."""
    grants = []
    for row in rows:
        cells = dict(zip((column.lower() for column in columns), row, strict=True))
        held = {_RENAMED.get(name, _plain(name)) for name, cell in cells.items() if cell == "Y"}
        name = (str(cells["user"]), str(cells["host"]))
        grants.append(Grant(name, str(cells["db"]), None, frozenset(held)))
    return grants


def table_grants(
    tables: Iterable[Sequence[object]], columns: Iterable[Sequence[object]]
) -> list[Grant]:
    """Grants of `mysql.tables_priv` and `mysql.columns_priv`.

    Args:
        tables: User, host, database, table, privileges (`Select,Grant`).
        columns: The same, with a column's name before the privileges.
    """
    found = [(u, h, db, table, held) for u, h, db, table, held in tables]
    found += [(u, h, db, table, held) for u, h, db, table, _column, held in columns]
    return [
        Grant((str(user), str(host)), str(database), str(table), _set(str(held)))
        for user, host, database, table, held in found
    ]


def may_be_revoked(line: str) -> bool:
    """Whether a line of `excess` is about a privilege that a partial revoke can take off."""
    privilege, _, place = line.rpartition(": ")[2].partition(" on ")
    return place == ON_ALL and privilege in CHANGES_ROWS | CHANGES_TABLE


def applications(accounts: Iterable[Account], configured: str) -> list[Account]:
    """The accounts that a configured name stands for: `app` for each host, or `app@10.%`."""
    return [
        one
        for one in accounts
        if configured in {one.label, one.user, account_label(one.name)} and one.user
    ]


_SET_NAMES = {"GRANT": "GRANT OPTION", "DELETE VERSIONING ROWS": "DELETE HISTORY"}
_RENAMED: Mapping[str, str] = {
    "grant_priv": "GRANT OPTION",
    "create_tmp_table_priv": "CREATE TEMPORARY TABLES",
}


def _plain(name: str) -> str:
    return name.removesuffix("_priv").replace("_", " ").upper()


def _set(text: str) -> frozenset[str]:
    names = (name.strip().upper() for name in text.split(",") if name.strip())
    return frozenset(_SET_NAMES.get(name, name) for name in names)
