"""An audit table of a million rows on MariaDB: its chain recomputed, against a bare loop.

    python -m bench._mysql [ROWS]

Prints rows per CPU second of this process, the ratio to a PyMySQL loop that reads the same rows
and does nothing with them, and peak memory. The server is a process of its own.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pymysql
from pymysql.cursors import SSCursor

from auditor.collectors.interface import CollectionContext
from auditor.collectors.mysql import MysqlCollector
from auditor.core.model.observation import Observation
from auditor.core.model.target import Target
from bench.measure import cpu_of, peak_mb
from tests.services.mysql.servers import Server, mariadb

ROWS = 1_000_000
_BATCH = 1000
_TABLE = """CREATE TABLE shop.events (id BIGINT PRIMARY KEY, body VARCHAR(200) NOT NULL,
 prev_hash CHAR(64) NOT NULL, hash CHAR(64) NOT NULL)"""
_FILL = """INSERT INTO shop.events SELECT seq, @body := CONCAT('entry ', seq, REPEAT(' x', 40)),
 @head, @head := SHA2(CONCAT(@head, '|', seq, '|', @body), 256) FROM shop.seq_1_to_{rows}"""
_CHAIN = {
    "order_by": "id",
    "sequence": "id",
    "columns": [{"name": "prev_hash"}, {"name": "id"}, {"name": "body"}],
    "previous": "prev_hash",
    "digest": "hash",
    "genesis": "",
    "canonical": {"form": "concat", "separator": "|"},
}


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU seconds of this process for so many rows, and its peak memory in MB."""

    rows: int
    chain_s: float
    loop_s: float
    peak_mb: float


def measure(rows: int = ROWS) -> Measured:
    """Start a server, fill the table, read it both ways."""
    with (
        tempfile.TemporaryDirectory(prefix="auditor-bench-") as name,
        mariadb(Path(name)) as server,
    ):
        server.sql("CREATE DATABASE shop", _TABLE, "SET @head = ''", _FILL.format(rows=rows))
        loop_s, read = cpu_of(lambda: _loop(server))
        chain_s, observation = cpu_of(lambda: _chain(server))
    data = observation.resources[0].data
    if (data["rows"], data["altered_rows"], data["broken_links"], read) != (rows, 0, 0, rows):
        raise SystemExit(f"the chain was not read as it was made: {data}")
    return Measured(rows, chain_s, loop_s, peak_mb())


def _loop(server: Server) -> int:
    read = 0
    with (
        pymysql.connect(unix_socket=server.socket, user="root", use_unicode=False) as connection,
        connection.cursor(SSCursor) as cursor,
    ):
        cursor.execute("SELECT prev_hash, id, body, hash FROM shop.events ORDER BY id")
        while batch := cursor.fetchmany(_BATCH):
            read += len(batch)
    return read


def _chain(server: Server) -> Observation:
    table = {"database": "shop", "table": "events", "application_roles": ["app"], "chain": _CHAIN}
    settings = {"unix_socket": server.socket, "user": "root", "audit_tables": [table]}
    target = Target("db", "mysql-server", "prod", settings=settings)
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(clock=lambda: datetime.now(UTC), executor=executor)
        (found,) = MysqlCollector().collect(target, ["mysql.audit_chain"], context)
    return found


def main() -> None:
    """Print what was measured."""
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    print(f"rows                      {found.rows:>12,}")
    print(f"rows per CPU second       {found.rows / found.chain_s:>12,.0f}")
    print(f"ratio to a bare loop      {found.chain_s / found.loop_s:>12.2f}")
    print(f"peak memory, MB           {found.peak_mb:>12.0f}")


if __name__ == "__main__":
    main()
