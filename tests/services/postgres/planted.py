"""A server in good configuration, and one in bad: what the controls are tested on.

The same databases and tables in both; everything that is wrong in the bad one is in `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from auditor.collectors.postgres import PostgresCollector
from tests.services.postgres.server import AUDITOR_PASSWORD, Server, postgres

GOOD_CONFIG: Mapping[str, object] = {
    "shared_preload_libraries": "pgaudit,pg_stat_statements",
    "pgaudit.log": "role, ddl, write",
    "ssl_min_protocol_version": "TLSv1.2",
    "password_encryption": "scram-sha-256",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_statement": "ddl",
    "log_line_prefix": "%m [%p] %u@%d %h ",
    "log_timezone": "UTC",
    "archive_mode": "on",
    "archive_command": "true",
    "max_wal_senders": 5,
}
GOOD_HBA = (
    "hostssl all all 127.0.0.1/32 scram-sha-256",
    "hostssl all all 10.0.0.0/8 scram-sha-256",
    "hostssl replication all 127.0.0.1/32 scram-sha-256",
)
BAD_CONFIG: Mapping[str, object] = {
    "ssl": "off",
    "ssl_min_protocol_version": "TLSv1",
    "password_encryption": "md5",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_statement": "none",
    "log_line_prefix": "%p ",
    "log_timezone": "Europe/Berlin",
    "archive_mode": "on",
    "archive_command": "false",
    "max_connections": 12,
}
BAD_HBA = (
    "host all all 127.0.0.1/32 scram-sha-256",
    "host all all 10.0.0.0/8 md5",
    "host all all 192.168.0.0/16 trust",
    "hostnossl all all 172.16.0.0/12 password",
    "host all all 127.0.0.1/0 scram-sha-256",
)
# The chain: digest of `previous|id|at|body`, all as text.
AUDIT_TABLE: Mapping[str, object] = {
    "database": "ledger",
    "table": "audit_log",
    "application_roles": ["app"],
    "chain": {
        "order_by": "id",
        "sequence": "id",
        "columns": [
            {"name": "prev_hash"},
            {"name": "id"},
            {"name": "at", "as": "rfc3339"},
            {"name": "body"},
        ],
        "previous": "prev_hash",
        "digest": "hash",
        "canonical": {"form": "concat", "separator": "|"},
    },
}
SETTINGS: Mapping[str, object] = {
    "application_roles": ["app"],
    "audit_tables": [AUDIT_TABLE],
    "tenant_tables": [{"database": "ledger", "table": "invoices"}],
    "schema_versions": [
        {"database": "ledger", "table": "schema_migrations", "expected": "20261101120000"}
    ],
    "logins": {"schema": "auditor_views", "table": "last_logins"},
}
ROWS = 200
_SERVER = (
    "CREATE ROLE ledger_owner NOLOGIN",
    "CREATE ROLE app LOGIN PASSWORD 'application-of-the-tests' VALID UNTIL '2027-06-30'",
    "ALTER ROLE app SET statement_timeout = '30s'",
    "ALTER ROLE app SET idle_in_transaction_session_timeout = '1min'",
    "CREATE DATABASE ledger OWNER ledger_owner",
)
_LEDGER = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    """CREATE TABLE audit_log (id bigint PRIMARY KEY, at timestamptz NOT NULL, body text NOT NULL,
       prev_hash text, hash text NOT NULL)""",
    f"""INSERT INTO audit_log WITH RECURSIVE c AS (
       SELECT 0::bigint AS id, NULL::timestamptz AS at, ''::text AS body, ''::text AS prev,
         ''::text AS hash
       UNION ALL SELECT id + 1, n.at, n.body, c.hash,
         encode(sha256(convert_to(c.hash || '|' || (id + 1) || '|'
         || to_char(n.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '|' || n.body,
         'UTF8')), 'hex')
       FROM c, LATERAL (SELECT timestamptz '2026-01-01' + c.id * interval '1 minute' AS at,
         'entry ' || c.id || ' ä' AS body) n WHERE id < {ROWS})
       SELECT id, at, body, nullif(prev, ''), hash FROM c WHERE id > 0""",  # noqa: S608 - our own number
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
    """CREATE TRIGGER audit_rows BEFORE UPDATE OR DELETE ON audit_log
       FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER audit_all BEFORE TRUNCATE ON audit_log
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_rows, ENABLE ALWAYS TRIGGER audit_all",
    "GRANT SELECT, INSERT ON audit_log TO app",
    "CREATE TABLE invoices (id int PRIMARY KEY, tenant int NOT NULL)",
    "ALTER TABLE invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own ON invoices USING (tenant = current_setting('app.tenant')::int)",
    "CREATE TABLE schema_migrations (version text PRIMARY KEY)",
    "INSERT INTO schema_migrations VALUES ('20261001090000'), ('20261101120000')",
    "ALTER TABLE audit_log OWNER TO ledger_owner",
    "ALTER TABLE invoices OWNER TO ledger_owner",
    "ALTER TABLE schema_migrations OWNER TO ledger_owner",
)
_LOGINS = (
    "CREATE TABLE auditor_views.last_logins (role text PRIMARY KEY, last_login_at timestamptz)",
    """INSERT INTO auditor_views.last_logins
       VALUES ('app', now()), ('auditor', now()), ('postgres', now())""",
    "GRANT SELECT ON auditor_views.last_logins TO auditor",
)
TABLE_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO auditor",
    "GRANT SELECT ON audit_log TO auditor",
    "GRANT SELECT ON schema_migrations TO auditor",
)
FAULTS: Mapping[str, tuple[str, str]] = {
    "another superuser": ("postgres", "CREATE ROLE admin2 SUPERUSER LOGIN PASSWORD 'x'"),
    "application is superuser by membership": ("postgres", "GRANT admin2 TO app"),
    "application without time-outs": ("postgres", "ALTER ROLE app RESET ALL"),
    "md5 password": (
        "postgres",
        "CREATE ROLE old LOGIN PASSWORD 'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    "PUBLIC creates in public": ("ledger", "GRANT CREATE ON SCHEMA public TO PUBLIC"),
    "default privilege for everybody": (
        "ledger",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
    ),
    "application may update": ("ledger", "GRANT UPDATE (body) ON audit_log TO app"),
    "application owns the audit table": ("ledger", "ALTER TABLE audit_log OWNER TO app"),
    "guard off for replication": (
        "ledger",
        "ALTER TABLE audit_log ENABLE TRIGGER audit_rows, DISABLE TRIGGER audit_all",
    ),
    "row changed": (
        "ledger",
        "SET session_replication_role = replica; UPDATE audit_log SET body = 'x' WHERE id = 77",
    ),
    "row security off": ("ledger", "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY"),
    "older schema": ("ledger", "DELETE FROM schema_migrations WHERE version > '202611'"),
    "no login for long": (
        "postgres",
        "UPDATE auditor_views.last_logins SET last_login_at = '2026-01-01' WHERE role = 'app'",
    ),
}


@contextmanager
def good_server(version: int = 15) -> Iterator[Server]:
    """A server without a fault, with the account that the collector prints."""
    config = dict(GOOD_CONFIG)
    hba = None
    if version == 15:
        hba = GOOD_HBA
    else:  # built without TLS, and pgaudit is not to be had
        config = {n: v for n, v in config.items() if not n.startswith(("ssl", "pgaudit"))}
        config["shared_preload_libraries"] = "pg_stat_statements"
    with postgres(version, config, hba) as server:
        seed(server)
        yield server


@contextmanager
def bad_server() -> Iterator[Server]:
    """A server with every fault of `FAULTS`, BAD_CONFIG and BAD_HBA."""
    with postgres(15, BAD_CONFIG, BAD_HBA) as server:
        seed(server, extensions=False)
        for database, statement in FAULTS.values():
            server.run(statement, database=database)
        with (server.folder / "pg_hba.conf").open("a") as rules:
            rules.write("host all all not-an-address/33 scram-sha-256\n")  # not yet loaded
        yield server


def seed(server: Server, *, extensions: bool = True) -> None:
    """The databases and tables, and the auditor's account."""
    server.run(*_SERVER)
    server.run(*_LEDGER, database="ledger")
    if extensions:
        server.run("CREATE EXTENSION pg_stat_statements")
    create_account(server)
    server.run(*_LOGINS)


def create_account(server: Server) -> None:
    """Exactly what `auditor doctor --permissions postgres` prints, and its per-table grants."""
    collector = PostgresCollector()
    server.run(collector.grants(list(collector.resource_types()))["sql"])
    password = f"ALTER ROLE auditor PASSWORD '{AUDITOR_PASSWORD}'"
    server.run("SET password_encryption = 'scram-sha-256'", password)
    server.run(*TABLE_GRANTS, database="ledger")
