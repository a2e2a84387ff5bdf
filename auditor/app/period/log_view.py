"""The log as a period report sees it: headers of all runs, and what is no run's.

Taken in one pass over the entries up to a head. Of runs outside the period only what lookups need
is kept: the log may be years long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auditor.attest.reader import StoreReader
from auditor.core.model.period_report import AttestationPeriod, Bounds, LogEvent
from auditor.errors import UsageError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import Checkpoint
from auditor.ledger.entries import (
    AttestationRecord,
    Entry,
    HoldRecord,
    KeyRecord,
    PruneRecord,
    WaiverRecord,
)
from auditor.ledger.runs import RunBook, RunHistory


class PeriodStore(Protocol):
    """What of a store is read: a bundle's view has the same."""

    def reader(self) -> StoreReader:
        """Read access."""
        ...

    def get(self, reference: BlobRef) -> bytes:
        """The bytes of a blob, proven."""
        ...

    def read_statement(self, run: str) -> bytes:
        """The bytes of a run's signed statement."""
        ...

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[Entry]:
        """The entries from `start` to `end` (exclusive)."""
        ...

    def head(self, size: int) -> Checkpoint:
        """The state that the log had when it had `size` entries."""
        ...


@dataclass(slots=True)
class LogView:
    """What the log says.

    Args:
        head, time: Where it was read to, and the time of the last entry.
        count: Entries that were there: fewer than `head.size` in a bundle that holds a part.
        reporter: The newest run of the period that ended, else of the log: reports over the period
            are noted as of it, so that a bundle of the period can carry them.
    """

    head: Checkpoint
    time: datetime
    count: int = 0
    reporter: str = ""
    reports_inside: bool = False
    histories: dict[str, RunHistory] = field(default_factory=dict)
    events: list[LogEvent] = field(default_factory=list)
    attestations: list[AttestationPeriod] = field(default_factory=list)


def read_log(store: PeriodStore, size: int, bounds: Bounds) -> LogView:
    """The log of `size` entries.

    Raises:
        UsageError: It has no entries.
        VerificationError: It is damaged.
    """
    book = RunBook()
    view: LogView | None = None
    for entry in store.entries(0, size):
        if view is None:
            view = LogView(store.head(size), entry.time)
        view.time = entry.time
        view.count += 1
        _take(view, book, entry, bounds)
    if view is None:
        raise UsageError("the log has no entries yet", hint="auditor scan")
    view.histories = dict(book.runs)
    return view


def _take(view: LogView, book: RunBook, entry: Entry, bounds: Bounds) -> None:
    history = book.add(entry)
    if history is not None:
        start = history.start
        inside = start is not None and bounds.since <= start.now < bounds.until
        if history.end_entry is not None and history.end_entry.index == entry.index:
            if inside or not view.reports_inside:
                view.reporter = history.run
            view.reports_inside = view.reports_inside or inside
        if not inside:
            history.collects.clear()
        return
    if not bounds.since <= entry.time < bounds.until:
        return
    if isinstance(entry.body, AttestationRecord):
        view.attestations.append(
            AttestationPeriod(entry.index, entry.time, dict(entry.body.fields))
        )
    elif (detail := _detail(entry)) is not None:
        view.events.append(LogEvent(entry.index, entry.time, entry.body.type, detail))


def _detail(entry: Entry) -> str | None:
    match entry.body:
        case KeyRecord() as key:
            why = f": {key.reason}" if key.reason else ""
            return f"{key.use} key, {key.action}{why}"
        case HoldRecord() as hold:
            return f"{hold.hold}: {hold.action}, {len(hold.runs)} runs: {hold.reason}"
        case PruneRecord() as prune:
            return f"{prune.count} blobs past their retention were deleted"
        case WaiverRecord() as waiver:
            return " ".join(
                str(waiver.fields.get(name, "")) for name in ("waiver", "state")
            ).strip()
        case _:
            return None
