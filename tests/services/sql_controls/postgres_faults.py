"""What can be wrong with a PostgreSQL server: each fault, its undoing, and what must be found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Statement = tuple[str, str]  # database, SQL


def _system(name: str, value: str) -> tuple[Statement, ...]:
    return (("postgres", f"ALTER SYSTEM SET {name} = {value}"),)


_GUARDS = "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_rows, ENABLE ALWAYS TRIGGER audit_all"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Args:
        do, undo: Statements; after `ALTER SYSTEM` the server reads its settings again.
        rule: A line that is added to pg_hba.conf.
        finds: Check to the ids of its false assertions, or the reason where there are none.
        resets: Settings that undoing gives their old values.
    """

    name: str
    finds: Mapping[str, str]
    do: Sequence[Statement] = ()
    undo: Sequence[Statement] = ()
    rule: str = ""
    resets: Sequence[str] = field(default=())


def _set(name: str, value: str, check: str, finds: str) -> Fault:
    return Fault(f"{name} = {value}", {check: finds}, _system(name, value), resets=[name])


def _role(change: str, back: str, finds: Mapping[str, str]) -> Fault:
    return Fault(
        f"app: {change}",
        finds,
        [("postgres", f"ALTER ROLE app {change}")],
        [("postgres", f"ALTER ROLE app {back}")],
    )


def _table(change: str, back: str, finds: Mapping[str, str]) -> Fault:
    return Fault(change, finds, [("ledger", change)], [("ledger", back)])


FAULTS: Sequence[Fault] = (
    _set("ssl_min_protocol_version", "'TLSv1.1'", "tls-served", "current"),
    _set("password_encryption", "'md5'", "password-setting", "scram"),
    _set("log_connections", "off", "connections", "begins"),
    _set("log_disconnections", "off", "connections", "ends"),
    _set("log_statement", "'none'", "statements", "definitions"),
    _set("log_line_prefix", "'%p %u@%d %h '", "statements", "time"),
    _set("log_line_prefix", "'%m %d %h '", "statements", "user"),
    _set("log_line_prefix", "'%m %u %h '", "statements", "database"),
    _set("log_line_prefix", "'%m %u@%d '", "statements", "client"),
    _set("log_timezone", "'Europe/Berlin'", "statements", "utc"),
    _set("pgaudit.log", "'role'", "audit-extension", "classes"),
    _set("archive_command", "''", "archiving", "enabled"),
    _set("max_connections", "77", "version", "restarted"),
    Fault(
        "a plain rule", {"client-rules": "encrypted"}, rule="host all all 10.0.0.0/8 scram-sha-256"
    ),
    Fault(
        "only plain",
        {"client-rules": "encrypted"},
        rule="hostnossl all all 10.0.0.0/8 scram-sha-256",
    ),
    Fault("md5", {"client-rules": "strong"}, rule="hostssl all all 10.0.0.0/8 md5"),
    Fault(
        "trust from afar", {"client-rules": "strong, no-trust"}, rule="hostssl all all all trust"
    ),
    Fault("local trust", {"client-rules": "no-trust"}, rule="local all app trust"),
    Fault(
        "a rule with a mistake", {"client-rules": "readable"}, rule="host all all nowhere/99 md5"
    ),
    Fault(
        "another superuser",
        {"superusers": "listed"},
        [("postgres", "CREATE ROLE admin2 SUPERUSER NOLOGIN")],
        [("postgres", "DROP ROLE admin2")],
    ),
    _role(
        "CREATEROLE",
        "NOCREATEROLE",
        {"application-roles": "no-new-roles", "append-only": "other-owner"},  # before version 16
    ),
    _role("CREATEDB", "NOCREATEDB", {"application-roles": "no-new-roles"}),
    _role("BYPASSRLS", "NOBYPASSRLS", {"application-roles": "row-security-holds"}),
    _role("REPLICATION", "NOREPLICATION", {"application-roles": "no-replication"}),
    _role(
        "RESET statement_timeout",
        "SET statement_timeout = '30s'",
        {"application-timeouts": "statements"},
    ),
    _role(
        "SET idle_in_transaction_session_timeout = '2h'",
        "SET idle_in_transaction_session_timeout = '1min'",
        {"application-timeouts": "idle-transactions"},
    ),
    _role(
        "IN DATABASE ledger SET statement_timeout = 0",
        "IN DATABASE ledger RESET statement_timeout",
        {"application-timeouts": "everywhere"},
    ),
    Fault(
        "a password in md5",
        {"role-passwords": "scram"},
        [("postgres", f"CREATE ROLE old NOLOGIN PASSWORD 'md5{'a' * 32}'")],
        [("postgres", "DROP ROLE old")],
    ),
    Fault(
        "a role that never signed in",
        {"idle-roles": "used"},
        [("postgres", "CREATE ROLE idle LOGIN")],
        [("postgres", "DROP ROLE idle")],
    ),
    Fault(
        "a role that did long ago",
        {"idle-roles": "used"},
        [
            (
                "postgres",
                (
                    "UPDATE auditor_views.last_logins SET last_login_at = now() - interval '91 d'"
                    " WHERE role = 'app'"
                ),
            )
        ],
        [("postgres", "UPDATE auditor_views.last_logins SET last_login_at = now()")],
    ),
    _table(
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        {"public-schemas": "closed"},
    ),
    _table(
        "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE invoices ENABLE ROW LEVEL SECURITY",
        {"tenant-tables": "enabled"},
    ),
    _table(
        "ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE invoices FORCE ROW LEVEL SECURITY",
        {"tenant-tables": "forced"},
    ),
    _table(
        "ALTER TABLE invoices OWNER TO app",
        "ALTER TABLE invoices OWNER TO ledger_owner",
        {"tenant-tables": "other-owner"},
    ),
    Fault(
        "statements are not measured",
        {"statement-statistics": "measured"},
        [("postgres", "DROP EXTENSION pg_stat_statements")],
        [("postgres", "CREATE EXTENSION pg_stat_statements")],
    ),
    _table(
        "GRANT UPDATE (body) ON audit_log TO app",
        "REVOKE UPDATE (body) ON audit_log FROM app",
        {"append-only": "unchangeable"},
    ),
    _table(
        "GRANT DELETE ON audit_log TO PUBLIC",
        "REVOKE DELETE ON audit_log FROM PUBLIC",
        {"append-only": "unchangeable"},
    ),
    _table(
        "GRANT TRUNCATE ON audit_log TO app",
        "REVOKE TRUNCATE ON audit_log FROM app",
        {"append-only": "unchangeable"},
    ),
    _table(
        "GRANT ledger_owner TO app",
        "REVOKE ledger_owner FROM app",
        {"append-only": "unchangeable, other-owner", "tenant-tables": "other-owner"},
    ),
    _table(
        "ALTER TABLE audit_log ENABLE TRIGGER audit_rows",
        "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_rows",
        {"append-only": "guarded"},
    ),
    _table(
        "ALTER TABLE audit_log DISABLE TRIGGER audit_all",
        "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_all",
        {"append-only": "guarded"},
    ),
    _table(
        "INSERT INTO schema_migrations VALUES ('20261201000000')",
        "DELETE FROM schema_migrations WHERE version = '20261201000000'",
        {"schema-version": "released"},
    ),
    Fault(
        "a row was changed",
        {"postgres-chains": "unaltered, linked"},
        [
            ("ledger", "ALTER TABLE audit_log DISABLE TRIGGER USER"),
            ("ledger", "UPDATE audit_log SET body = body || '!' WHERE id = 7"),
            (
                "ledger",
                _GUARDS,
            ),
        ],
        [
            ("ledger", "ALTER TABLE audit_log DISABLE TRIGGER USER"),
            ("ledger", "UPDATE audit_log SET body = rtrim(body, '!') WHERE id = 7"),
            (
                "ledger",
                _GUARDS,
            ),
        ],
    ),
)
