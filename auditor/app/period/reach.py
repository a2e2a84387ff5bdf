"""How far before its period a report reads, and whether a part of a log is enough to make it.

The engine compares the first run with the last complete one before the period, and reads on
backwards until each finding that failed already was seen otherwise. So a part of the log gives the
same report as the whole where nothing is missing between the oldest run that was read and the end
of the period, and there is one complete run more, before that, which was not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from auditor.app.period.contents import Contents
from auditor.app.period.log_view import PeriodStore, read_log
from auditor.app.period.make import MadeReport, PeriodRequest, make_period
from auditor.app.period.run_lines import APART, run_lines
from auditor.attest.reader import StoreReader
from auditor.core.model.period_report import Bounds, RunLine, RunState
from auditor.core.times import format_instant
from auditor.ledger.blobs import BlobRef
from auditor.ledger.chain import MAX_STEP_BACK
from auditor.ledger.checkpoint import Checkpoint
from auditor.ledger.entries import Entry

LOOK = APART + 2 * MAX_STEP_BACK
"""A run that counts is logged at most so far from the moment that it judged at."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What of the log before the period a report hangs on.

    Args:
        since: When the oldest run judged that was read; the period's beginning where none was.
        runs: Ids of the complete runs before the period that were read, the oldest first.
        spare: The newest complete run before those; "" where there is none.
        unfinished: Runs from `since` on, up to the period's end, that have no end in these entries.
    """

    since: datetime
    runs: tuple[str, ...] = ()
    spare: str = ""
    unfinished: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries without a gap: index and time of the first and of the last."""

    first: int
    begins: datetime
    last: int
    ends: datetime


def make_with_reach(
    store: PeriodStore, request: PeriodRequest, size: int
) -> tuple[MadeReport, Reach]:
    """The report of a period, and what before the period it hangs on.

    Raises:
        UsageError, VerificationError: As `make_period`.
    """
    recording = _Recording(store)
    made = make_period(recording, request, size)
    bounds = request.bounds
    earlier = _earlier(store, size, bounds)
    complete = [line for line in earlier if line.state is RunState.COMPLETE]
    read = [line for line in complete if line.run in recording.statements]
    since = min((line.now for line in read), default=bounds.since)
    older = [line.run for line in complete if line.now < since]
    return made, Reach(
        since,
        tuple(line.run for line in read),
        older[-1] if older else "",
        tuple(
            line.run
            for line in (*earlier, *made.report.runs)
            if line.state is RunState.UNFINISHED and line.now >= since
        ),
    )


def shortfall(store: PeriodStore, bounds: Bounds, reach: Reach, size: int) -> str:
    """Why the entries that are here are not enough for the report; "" where they are."""
    stretch = next(
        (one for one in _stretches(store, size) if _covers(one, bounds, reach, size)), None
    )
    if stretch is None:
        since, until = format_instant(reach.since), format_instant(bounds.until)
        return f"the bundle does not hold the whole log from {since} to {until}"
    if stretch.first > 0 and not reach.spare:
        return "the bundle holds a part of the log: earlier runs may tell when a finding began"
    if stretch.last < size - 1 and reach.unfinished:
        return f"whether run {reach.unfinished[0]} ended later, the bundle does not show"
    return ""


def _earlier(store: PeriodStore, size: int, bounds: Bounds) -> Sequence[RunLine]:
    """Headers of the runs before the period, in the order of the engine."""
    histories = read_log(store, size, bounds).histories
    nothing = Bounds(bounds.name, bounds.since, bounds.since)  # headers alone, of no run more
    lines = run_lines(histories, nothing, Contents(store, histories))
    before = [line for line in lines if line.now < bounds.since]
    return sorted(before, key=lambda line: (line.now, line.first_entry))


def _stretches(store: PeriodStore, size: int) -> Iterator[Stretch]:
    first: Entry | None = None
    last: Entry | None = None
    for entry in store.entries(0, size):
        if first is not None and last is not None and entry.index != last.index + 1:
            yield Stretch(first.index, first.time, last.index, last.time)
            first = None
        first = first or entry
        last = entry
    if first is not None and last is not None:
        yield Stretch(first.index, first.time, last.index, last.time)


def _covers(stretch: Stretch, bounds: Bounds, reach: Reach, size: int) -> bool:
    begins = stretch.first == 0 or stretch.begins <= reach.since - LOOK
    return begins and (stretch.last == size - 1 or stretch.ends >= bounds.until + LOOK)


@dataclass(slots=True)
class _Recording:
    """A store that notes whose statements were read: the engine reads one of each run it loads."""

    store: PeriodStore
    statements: set[str] = field(default_factory=set)

    def reader(self) -> StoreReader:
        return self.store.reader()

    def get(self, reference: BlobRef) -> bytes:
        return self.store.get(reference)

    def read_statement(self, run: str) -> bytes:
        self.statements.add(run)
        return self.store.read_statement(run)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[Entry]:
        return self.store.entries(start, end)

    def head(self, size: int) -> Checkpoint:
        return self.store.head(size)
