"""The index of runs: SQLite, for fast answers, never for proof.

It is derived from the log and rebuilt when it is missing, damaged, behind, or of another log; it
may be deleted at any time. Nothing that is verified reads it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.core.times import format_instant, parse_instant
from auditor.errors import StoreError
from auditor.ledger.entries import (
    Entry,
    HoldRecord,
    RunAbort,
    RunEnd,
    RunStart,
    Verdicts,
    entry_digest,
)
from auditor.store.files import store_errors
from auditor.store.ledger_reader import LogReader

_SCHEMA = """
create table position (size integer not null, last text not null);
create table runs (
    id text primary key, now text not null, started text not null, ended text,
    outcome text, aborted text, counts text not null default '{}',
    start_index integer not null, verdicts_index integer, end_index integer, retain_until text
);
create table holds (hold text not null, run text not null, primary key (hold, run));
insert into position values (0, '');
"""
_COLUMNS = (
    "id, now, started, ended, outcome, aborted, counts, start_index, verdicts_index, end_index,"
    " retain_until"
)
_VERSION = 2


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run, as the log tells of it.

    Args:
        id: Its id.
        now: The instant it judged at.
        started, ended: Times of the entries `run.start` and `run.end`; None while not ended.
        outcome: As `run.end` has it; None while not ended.
        aborted: Reason of an abort; None without one.
        counts: Findings by status; empty before the verdicts.
        start_index, verdicts_index, end_index: Entries of the log; None where there is none.
        retain_until: How long its evidence is kept at least; None where nothing was promised.
    """

    id: str
    now: datetime
    started: datetime
    ended: datetime | None
    outcome: str | None
    aborted: str | None
    counts: dict[str, int]
    start_index: int
    verdicts_index: int | None
    end_index: int | None
    retain_until: datetime | None = None


class RunIndex:
    """Answers from a file, brought up to the log's checkpoint before each answer.

    Args:
        path: The file, which may be missing.
        log: What the index is made from.
    """

    def __init__(self, path: Path, log: LogReader) -> None:
        self._path = path
        self._files = log

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """All runs, the newest first; at most `limit` where it is given."""
        return self._select("order by start_index desc limit ?", -1 if limit is None else limit)

    def run(self, run: str) -> RunSummary | None:
        """One run by its id, None where there is none."""
        return next(iter(self._select("where id = ?", run)), None)

    def latest(self) -> RunSummary | None:
        """The newest run that came to its end, None where there is none."""
        found = self._select("where end_index is not null order by end_index desc limit ?", 1)
        return next(iter(found), None)

    def is_held(self, run: str) -> bool:
        """True when a legal hold names the run."""
        with self._connection() as connection:
            found = connection.execute("select 1 from holds where run = ? limit 1", (run,))
            return found.fetchone() is not None

    def retain_until(self) -> datetime | None:
        """Until when the evidence of any run is to be kept."""
        with self._connection() as connection:
            (latest,) = connection.execute("select max(retain_until) from runs").fetchone()
            return parse_instant(latest) if latest else None

    def _select(self, condition: str, argument: str | int) -> list[RunSummary]:
        with self._connection() as connection:
            # The condition is one of the constants above, never a user's text.
            query = f"select {_COLUMNS} from runs {condition}"  # noqa: S608
            return [_summary(row) for row in connection.execute(query, (argument,))]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._open_any()) as connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(
                f"the index of runs cannot be used: {error}",
                hint=f"delete {self._path.name}; it is made anew from the log",
                where=str(self._path),
            ) from error

    def _open_any(self) -> sqlite3.Connection:
        """The index file; a new one where it is damaged, one in memory where it cannot be had."""
        try:
            return self._open(str(self._path))
        except sqlite3.OperationalError:  # read-only medium, locked, no place for a file
            return self._open(":memory:")
        except sqlite3.DatabaseError:
            with store_errors(self._path.name):
                self._path.unlink()
            return self._open(str(self._path))

    def _open(self, name: str) -> sqlite3.Connection:
        connection = sqlite3.connect(name, timeout=10.0, isolation_level=None)
        try:
            connection.execute("begin immediate")
            _prepare(connection)
            self._catch_up(connection)
            connection.execute("commit")
        except BaseException:
            connection.close()
            raise
        return connection

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        signed = self._files.checkpoint()
        size = signed.checkpoint.size if signed else 0
        known, last = connection.execute("select size, last from position").fetchone()
        if known > size or (known and self._digest(known, size) != last):
            connection.execute("delete from runs")
            connection.execute("delete from holds")
            known, last = 0, ""
        last = _take(connection, self._files.entries(known, size)) or last
        connection.execute("update position set size = ?, last = ?", (size, last))

    def _digest(self, known: int, size: int) -> str:
        """The digest of the last entry that the index knows."""
        _entry, data = next(self._files.entries(known - 1, size))
        return entry_digest(data)


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("pragma user_version").fetchone()[0]
    if version == _VERSION:
        return
    if version != 0:
        raise sqlite3.DatabaseError(f"index of version {version}, expected {_VERSION}")
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"pragma user_version = {_VERSION}")


def _take(connection: sqlite3.Connection, entries: Iterable[tuple[Entry, bytes]]) -> str:
    """Bring entries into the index; gives the digest of the last one, "" of none."""
    last = b""
    for entry, data in entries:
        last = data
        _take_one(connection, entry)
    return entry_digest(last) if last else ""


def _take_one(connection: sqlite3.Connection, entry: Entry) -> None:
    time, index = format_instant(entry.time), entry.index
    match entry.body:
        case RunStart(run=run, now=now, retain_until=until):
            connection.execute(
                "insert or ignore into runs (id, now, started, start_index, retain_until)"
                " values (?, ?, ?, ?, ?)",
                (run, format_instant(now), time, index, format_instant(until) if until else None),
            )
        case Verdicts(run=run, counts=counts):
            connection.execute(
                "update runs set counts = ?, verdicts_index = ? where id = ?",
                (json.dumps(counts, sort_keys=True), index, run),
            )
        case RunEnd(run=run, outcome=outcome):
            connection.execute(
                "update runs set outcome = ?, ended = ?, end_index = ? where id = ?",
                (outcome, time, index, run),
            )
        case RunAbort(run=run, reason=reason):
            connection.execute("update runs set aborted = ? where id = ?", (reason, run))
        case HoldRecord(hold=hold, action=action, runs=runs):
            statement = (
                "insert or ignore into holds values (?, ?)"
                if action == "set"
                else "delete from holds where hold = ? and run = ?"
            )
            connection.executemany(statement, [(hold, run) for run in runs])
        case _:
            pass


def _summary(row: tuple[object, ...]) -> RunSummary:
    run, now, started, ended, outcome, aborted, counts, start, verdicts, end, until = row
    return RunSummary(
        id=str(run),
        now=parse_instant(now),
        started=parse_instant(started),
        ended=parse_instant(ended) if ended else None,
        outcome=str(outcome) if outcome else None,
        aborted=str(aborted) if aborted else None,
        counts=json.loads(str(counts)),
        start_index=int(str(start)),
        verdicts_index=None if verdicts is None else int(str(verdicts)),
        end_index=None if end is None else int(str(end)),
        retain_until=parse_instant(until) if until else None,
    )
