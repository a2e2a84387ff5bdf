"""One pass over the log that notes what a bundle needs of it: spans, single entries, runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from auditor.app.export.before import Before
from auditor.app.export.people import RecordSurvey
from auditor.app.export.period import Period
from auditor.app.period.reach import LOOK
from auditor.attest.package import Span
from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import (
    Entry,
    HoldRecord,
    KeyRecord,
    PruneRecord,
    Report,
    Timestamp,
)
from auditor.ledger.runs import RunBook, RunHistory


@dataclass(slots=True)
class Survey:
    """Takes the entries of the log one after the other.

    Args:
        runs: Ids of the chosen runs.
        before: What goes along of the log before the period.
        people: Takes note of attestations and samples.
        period: Only runs that judged at a moment of it; None where chosen otherwise.
        whole: The span reaches over the whole log where there is no period.
        singles: Entries that go along wherever they stand.
    """

    runs: frozenset[str]
    before: Before
    people: RecordSurvey
    period: Period | None
    whole: bool
    book: RunBook = field(default_factory=RunBook)
    singles: set[int] = field(default_factory=set)
    pruned: list[BlobRef] = field(default_factory=list)
    begin: int = 0
    after: int | None = None

    def take(self, entry: Entry) -> None:
        """The next entry."""
        body = entry.body
        run = getattr(body, "run", None)
        if isinstance(body, (KeyRecord, HoldRecord, PruneRecord)):
            self.singles.add(entry.index)
            if isinstance(body, PruneRecord):
                self.pruned.append(body.blob)
        elif run in self.runs:
            self._take_of_run(entry, wanted=isinstance(body, (Report, Timestamp)))
        elif run in self.before.runs or run in self.before.beside:
            stamped = isinstance(body, Timestamp) and run in self.before.runs
            self._take_of_run(entry, wanted=stamped)
        else:
            self.people.take(entry)
        self._take_time(entry)

    def _take_of_run(self, entry: Entry, *, wanted: bool) -> None:
        """What breaks the order of a run goes along, however late it was logged."""
        history = self.book.add(entry)
        if wanted or (history is not None and history.problems):
            self.singles.add(entry.index)

    def _take_time(self, entry: Entry) -> None:
        if self.period is None:
            return
        if entry.time <= self._since(self.period) - LOOK:
            self.begin = entry.index
        if self.after is None and entry.time >= self.period.until + LOOK:
            self.after = entry.index

    def _since(self, period: Period) -> datetime:
        return min(period.since, self.before.since or period.since)

    def histories(self) -> tuple[RunHistory, ...]:
        """The chosen runs, in the order of the log."""
        return tuple(run for run in self.book.runs.values() if run.run in self.runs)

    def earlier(self) -> tuple[RunHistory, ...]:
        """The runs before them that a report of the period hangs on, in the order of the log."""
        wanted = self.before.runs - self.runs
        return tuple(run for run in self.book.runs.values() if run.run in wanted)

    def span(self, size: int) -> Span:
        """From the first entry needed to the last."""
        firsts, lasts = [], []
        for run in self.book.runs.values():
            firsts.append(run.start_index)
            ended = run.end_entry.index if run.end_entry else run.last_index
            lasts.append(size - 1 if run.state == "open" else ended)
        if self.whole or self.period is not None:
            firsts.append(self.begin)
            lasts.append(size - 1 if self.after is None else self.after)
        return Span(first=max(min(firsts), 0), last=max(lasts))
