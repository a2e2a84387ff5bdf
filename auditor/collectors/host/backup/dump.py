"""Text dumps of mysqldump, mariadb-dump, pg_dump, pg_dumpall: complete only with a trailer."""

from __future__ import annotations

import re

_MYSQL = re.compile(rb"\A(?:/\*M?![^\n]*\n)?-- (?:MySQL|MariaDB) dump ")
_POSTGRESQL = re.compile(rb"\A(?:--\n)?-- PostgreSQL database (?:cluster )?dump\b")
_MYSQL_END = re.compile(rb"^-- Dump completed(?: on [^\n]*)?\s*\Z", re.MULTILINE)
# Since the fix of CVE-2025-8714 a \unrestrict line follows the comment.
_POSTGRESQL_END = re.compile(
    rb"^-- PostgreSQL database (?:cluster )?dump complete\s*\n(?:--)?\s*(?:\\unrestrict \w+\s*)?\Z",
    re.MULTILINE,
)
_TABLE = re.compile(rb"^CREATE (?:UNLOGGED |FOREIGN )?TABLE ", re.MULTILINE)
_TAIL = 4096
_LONGEST_START = 32  # bytes carried over, so that a start cut in two is seen


def dump_kind(head: bytes) -> str | None:
    """`mysql_dump` or `postgresql_dump` by the first bytes; None for anything else."""
    if _MYSQL.match(head):
        return "mysql_dump"
    return "postgresql_dump" if _POSTGRESQL.match(head) else None


class DumpScanner:
    """Takes a dump in pieces; counts its tables and keeps its end.

    Attributes:
        tables: CREATE TABLE statements at the beginning of a line.
    """

    def __init__(self, kind: str) -> None:
        self.tables = 0
        self._end = _MYSQL_END if kind == "mysql_dump" else _POSTGRESQL_END
        self._tail = b""
        self._carried = b"\n"

    def feed(self, data: bytes) -> None:
        """Look at the next piece."""
        joined = self._carried + data
        cut = max(len(joined) - _LONGEST_START, 0)
        # A start before the cut is counted now, one after it when the next piece is there.
        self.tables += sum(1 for found in _TABLE.finditer(joined) if self._counts(found, cut))
        self._carried = joined[cut:]
        self._tail = (self._tail + data)[-_TAIL:]

    def finish(self) -> bool:
        """Count what was carried; True when the dump ends with its tool's trailer."""
        self.tables += len(_TABLE.findall(self._carried))
        return self._end.search(self._tail) is not None

    @staticmethod
    def _counts(found: re.Match[bytes], cut: int) -> bool:
        return found.start() < cut
