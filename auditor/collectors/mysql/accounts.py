"""Accounts and roles as the system tables have them. Pure: rows in, accounts out.

MariaDB keeps an account as a JSON document (`mysql.global_priv`), MySQL as a row of columns, which
its query puts together to a document. In both, a password's hash has become `set` or a boolean by
the time it arrives here.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.sql.failures import failed
from auditor.core.model.status import Cause

# Bits of `access` in mysql.global_priv, in MariaDB's order (sql/privilege.h).
ACCESS_BITS: Sequence[str] = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "RELOAD",
    "SHUTDOWN",
    "PROCESS",
    "FILE",
    "GRANT OPTION",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "SHOW DATABASES",
    "SUPER",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "REPLICATION SLAVE",
    "BINLOG MONITOR",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE USER",
    "EVENT",
    "TRIGGER",
    "CREATE TABLESPACE",
    "DELETE HISTORY",
    "SET USER",
    "FEDERATED ADMIN",
    "CONNECTION ADMIN",
    "READ_ONLY ADMIN",
    "REPLICATION SLAVE ADMIN",
    "REPLICATION MASTER ADMIN",
    "BINLOG ADMIN",
    "BINLOG REPLAY",
    "SLAVE MONITOR",
    "SHOW CREATE ROUTINE",
)
_TLS = ("NONE", "ANY", "X509", "SPECIFIED")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANYWHERE = frozenset({"%", "", "::/0", "0.0.0.0/0", "0.0.0.0/0.0.0.0"})
# They ask somebody else who is there: the operating system, a directory, a ticket, a certificate.
_WITHOUT_PASSWORD = frozenset(
    {
        "unix_socket",
        "auth_socket",
        "pam",
        "auth_pam",
        "auth_pam_compat",
        "gssapi",
        "authentication_pam",
        "authentication_kerberos",
        "authentication_ldap_sasl",
        "authentication_ldap_simple",
        "authentication_windows",
        "authentication_webauthn",
        "named_pipe",
        "mysql_no_login",
    }
)
Name = tuple[str, str]
"""User and host."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to sign in: its plugin, and whether a secret is set for it."""

    plugin: str
    password: bool

    @property
    def open(self) -> bool:
        """Whoever asks is let in."""
        return not self.password and self.plugin not in _WITHOUT_PASSWORD


@dataclass(frozen=True, slots=True)
class Account:
    """An account, or a role.

    Args:
        methods: Each of them lets in; none for a role.
        privileges: On `*.*`, its own.
        roles: Directly granted.
    """

    user: str
    host: str
    role: bool = False
    locked: bool = False
    expired: bool = False
    tls: str = "NONE"
    methods: tuple[Method, ...] = ()
    privileges: frozenset[str] = frozenset()
    roles: tuple[Name, ...] = field(default=())

    @property
    def name(self) -> Name:
        """User and host."""
        return self.user, self.host

    @property
    def label(self) -> str:
        """`user@host`; of a role in MariaDB its name."""
        return account_label(self.name)

    @property
    def open(self) -> bool:
        """One of its methods lets in whoever asks."""
        return not self.role and any(method.open for method in self.methods)


def account_label(name: Name) -> str:
    """`user@host`, or the name alone where there is no host."""
    return f"{name[0]}@{name[1]}" if name[1] else name[0]


def is_any_host(host: str) -> bool:
    """Whether a host pattern matches every host."""
    return host in _ANYWHERE or (bool(host) and set(host) == {"%"})


def is_wildcard(host: str) -> bool:
    """Whether a host pattern matches more than one host."""
    return is_any_host(host) or "%" in host or "_" in host or _is_network(host)


def is_loopback(host: str) -> bool:
    """Whether only the server's own machine matches."""
    return host.lower() in _LOOPBACK


def _is_network(host: str) -> bool:
    if "/" not in host:
        return False
    try:
        return ipaddress.ip_network(host, strict=False).num_addresses > 1
    except ValueError:  # no network, so nobody knows what it matches
        return True


def parse_accounts(
    rows: Iterable[Sequence[object]],
    members: Iterable[Sequence[object]],
    dynamic: Iterable[Sequence[object]] = (),
) -> list[Account]:
    """The accounts of the system tables.

    Args:
        rows: User, host, detail (JSON text).
        members: User, host, and the user and host of a role that it has.
        dynamic: User, host, privilege, `Y` where it may be passed on (MySQL).

    Raises:
        QueryFailedError: A detail that is no such document; the message names the account.
    """
    roles: dict[Name, list[Name]] = {}
    for user, host, role, role_host in members:
        roles.setdefault((str(user), str(host)), []).append((str(role), str(role_host)))
    extra: dict[Name, set[str]] = {}
    for user, host, privilege, passed_on in dynamic:
        held = {str(privilege), *(["GRANT OPTION"] if passed_on == "Y" else [])}
        extra.setdefault((str(user), str(host)), set()).update(held)
    return [_account(str(u), str(h), str(detail), roles, extra) for u, h, detail in rows]


def _account(
    user: str,
    host: str,
    detail: str,
    roles: Mapping[Name, Sequence[Name]],
    extra: Mapping[Name, set[str]],
) -> Account:
    name = (user, host)
    try:
        document = json.loads(detail)
        known = _from_mysql(document) if "privileges" in document else _from_mariadb(document)
        methods, privileges, flags, tls = known
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        message = f"account {account_label(name)} has another form than expected: {error}"
        raise failed(Cause.UNPARSABLE, message) from error
    role, locked, expired = flags
    return Account(
        user=user,
        host=host,
        role=role,
        locked=locked,
        expired=expired,
        tls=tls,
        methods=() if role else methods,
        privileges=privileges | extra.get(name, set()),
        roles=tuple(sorted(roles.get(name, ()))),
    )


Parsed = tuple[tuple[Method, ...], frozenset[str], tuple[bool, bool, bool], str]


def _from_mariadb(document: Mapping[str, object]) -> Parsed:
    access = int(str(document.get("access", 0)))
    privileges = {name for bit, name in enumerate(ACCESS_BITS) if access >> bit & 1}
    ways = document.get("auth_or")
    given = [document] if ways is None else [way or document for way in ways]  # type: ignore[attr-defined]
    methods = tuple(
        Method(
            str(way.get("plugin") or "mysql_native_password"),
            bool(way.get("authentication_string")),
        )
        for way in given
    )
    flags = (
        bool(document.get("is_role")),
        bool(document.get("account_locked")),
        document.get("password_last_changed") == 0,
    )
    tls = _TLS[int(str(document.get("ssl_type", 0)))]
    return methods, frozenset(privileges), flags, tls


def _from_mysql(document: Mapping[str, object]) -> Parsed:
    held: Mapping[str, str] = document["privileges"]  # type: ignore[assignment]
    privileges = frozenset(name for name, value in held.items() if value == "Y")
    locked, password = document["locked"] == "Y", bool(document["password"])
    methods = (Method(str(document["plugin"]), password),)
    # MySQL's roles are locked accounts without a password whose password is expired.
    role = locked and not password and document["expired"] == "Y"
    flags = (role, locked, document["expired"] == "Y")
    return methods, privileges, flags, str(document["tls"]) or "NONE"
