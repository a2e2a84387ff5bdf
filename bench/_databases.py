"""PostgreSQL: 5,000 roles and 20,000 tables; an audit table of 5,000,000 rows recomputed.

The chain is made by one SQL statement on a private server. What its reading costs is compared with
a bare psycopg loop that reads the same rows and does nothing with them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from psycopg import sql

from auditor.collectors.interface import CollectionContext
from auditor.collectors.postgres import PostgresCollector
from auditor.core.model.observation import Observation
from auditor.core.model.target import Target
from bench.measure import cpu_of, peak_mb
from tests.services.postgres.planted import AUDIT_TABLE
from tests.services.postgres.server import SUPERUSER, Server, postgres

ROLES, TABLES, ROWS = 5_000, 20_000, 5_000_000
_BATCH = 5_000
_ROLES = f"""DO $$ BEGIN FOR i IN 1..{ROLES} LOOP EXECUTE format('CREATE ROLE r%s LOGIN', i);
  IF i > 10 THEN EXECUTE format('GRANT r%s TO r%s', i % 10 + 1, i); END IF; END LOOP; END $$"""
_TABLES = """DO $$ BEGIN FOR i IN {} .. {} LOOP EXECUTE format('CREATE TABLE t%s (i int)', i);
  EXECUTE format('GRANT SELECT ON t%s TO r%s', i, i % 5000 + 1); END LOOP; END $$"""
_AUDIT = (
    """CREATE TABLE audit_log (id bigint, at timestamptz NOT NULL, body text NOT NULL,
       prev_hash text, hash text NOT NULL)""",
    f"""INSERT INTO audit_log WITH RECURSIVE c AS (
       SELECT 0::bigint AS id, timestamptz '2026-01-01' AS at, ''::text AS body, ''::text AS prev,
         ''::text AS hash
       UNION ALL SELECT c.id + 1, c.at + interval '1 second', 'user ' || c.id % 999 || ' signed in',
         c.hash, encode(sha256(convert_to(c.hash || '|' || c.id + 1 || '|' ||
         to_char((c.at + interval '1 second') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
         || '|user ' || c.id % 999 || ' signed in', 'UTF8')), 'hex') FROM c WHERE c.id < {ROWS})
       SELECT id, at, body, nullif(prev, ''), hash FROM c WHERE id > 0""",  # noqa: S608 - numbers
    "ALTER TABLE audit_log ADD PRIMARY KEY (id)",
    "CREATE ROLE app LOGIN",
)


@contextmanager
def _server() -> Iterator[Server]:
    config = {"max_wal_size": "4GB", "shared_buffers": "256MB", "max_locks_per_transaction": 256}
    with postgres(15, {**config, "wal_level": "minimal", "max_wal_senders": 0}) as server:
        server.run("CREATE DATABASE ledger")
        yield server


def _read(server: Server, kind: str, **settings: object) -> Observation:
    """By the superuser: what the account may is not measured here."""
    os.environ["BENCH_PASSWORD"] = "superuser-of-the-tests"  # noqa: S105 - of a private server
    own = server.settings(password_file=None, password_env="BENCH_PASSWORD", user=SUPERUSER)  # noqa: S106 - its name
    target = Target("bench", "postgres-server", "bench", {}, {**own, **settings})
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor, timeout_s=300)
        (found,) = PostgresCollector().collect(target, [kind], context)
    assert found.complete, found.gaps
    return found


def _bare(server: Server, query: str) -> int:
    """Psycopg alone, with the same cursor and batches."""
    with server.connect("ledger") as connection:
        connection.execute("BEGIN READ ONLY")
        with connection.cursor("bare", binary=True) as cursor:
            cursor.execute(sql.SQL(query))
            rows = 0
            while batch := cursor.fetchmany(_BATCH):
                rows += len(batch)
    return rows


def many_objects() -> None:
    """Roles and tables."""
    with _server() as server:
        server.run(_ROLES)
        for start in range(1, TABLES, 1000):
            server.run(_TABLES.format(start, start + 999), database="ledger")
        for kind, least in (("postgres.role", ROLES), ("postgres.table", TABLES)):
            began = time.perf_counter()
            cpu, found = cpu_of(lambda kind=kind: _read(server, kind))  # type: ignore[misc]
            wall = time.perf_counter() - began
            assert len(found.resources) >= least
            print(
                f"{kind:16} {len(found.resources):6} resources  {cpu:5.2f} s CPU  {wall:5.2f} s  "
                f"{len(found.calls)} requests  peak {peak_mb():.0f} MB"
            )


def audit_chain() -> None:
    """The chain of five million rows, then the bare loop over the same rows."""
    with _server() as server:
        server.run(*_AUDIT, database="ledger")
        before = peak_mb()
        began = time.perf_counter()
        cpu, found = cpu_of(
            lambda: _read(server, "postgres.audit_chain", audit_tables=[AUDIT_TABLE])
        )
        wall = time.perf_counter() - began
        (chain,) = found.resources
        assert (chain.data["rows"], chain.data["broken_at"]) == (ROWS, None)
        after = peak_mb()
        query = next(c.request for c in found.calls if c.request.startswith("SELECT"))
        bare, rows = cpu_of(lambda: _bare(server, query))
        assert rows == ROWS
        print(
            f"audit chain      {ROWS} rows  {cpu:.1f} s CPU  {wall:.1f} s  "
            f"{ROWS / cpu:,.0f} rows per CPU second  peak {after:.0f} MB (before {before:.0f} MB)\n"
            f"bare psycopg     {ROWS} rows  {bare:.1f} s CPU  ratio {cpu / bare:.2f}"
        )


PARTS: dict[str, Callable[[], None]] = {"objects": many_objects, "chain": audit_chain}


def main() -> None:
    """Each part in a process of its own, for its own peak of memory."""
    for part in PARTS:
        subprocess.run([sys.executable, "-m", "bench._databases", part], check=True)


if __name__ == "__main__":
    PARTS[sys.argv[1]]() if len(sys.argv) > 1 else main()
