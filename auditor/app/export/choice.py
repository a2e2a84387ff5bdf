"""What goes into a bundle: which runs, which part of the log, which single entries.

The span is contiguous and holds the chosen runs as a whole, with everything between them. For a
period it reaches past it on both sides, so that no run of the period can be left out unseen.
Besides it go the entries that matter wherever they stand: keys, holds, prunes, later reports and
time-stamps of the runs, and the last entry, which tells the time of the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.app.export.controls import parse_policy
from auditor.app.export.period import Period
from auditor.attest.package import MAX_ENTRIES, Chosen, Span
from auditor.attest.steps_package_log import MARGIN
from auditor.core.model.policy import Policy
from auditor.errors import UsageError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import (
    Entry,
    HoldRecord,
    KeyRecord,
    PruneRecord,
    Report,
    RunStart,
    Timestamp,
)
from auditor.ledger.runs import RunBook, RunHistory
from auditor.store.interface import Store


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for.

    Args:
        runs: Ids of runs; empty where they are chosen by period or control.
        period: Only runs that judged at a moment of it.
        control: Only runs that judged this control.
        only_needed: Leave out observations that no check of `control` reads.
    """

    runs: tuple[str, ...] = ()
    period: Period | None = None
    control: str | None = None
    only_needed: bool = False

    @property
    def chosen(self) -> Chosen:
        """The same, for the manifest."""
        kind = "control" if self.control else ("period" if self.period else "runs")
        return Chosen(
            kind=kind,  # type: ignore[arg-type]
            since=self.period.since if self.period else None,
            until=self.period.until if self.period else None,
            control=self.control,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes in.

    Args:
        histories: The chosen runs, in the order of the log.
        span: The contiguous part of the log.
        singles: Entries beside it, in order.
        pruned: Lists of what was deleted after its retention.
        others: Policies of other runs of the span, which show that they did not judge the control.
        needed: Resource types that the wanted control reads; None where everything goes in.
    """

    wish: Wish
    signed: SignedCheckpoint
    histories: tuple[RunHistory, ...]
    span: Span
    singles: tuple[int, ...]
    pruned: tuple[BlobRef, ...]
    others: tuple[BlobRef, ...]
    needed: frozenset[str] | None


def choose(store: Store, wish: Wish, also: Iterable[int] = ()) -> Choice:
    """Decide what goes in, in one pass over the log.

    Args:
        also: Further entries that are wanted; those that the log does not have are passed over.

    Raises:
        UsageError: There is no log, no such run, or more than fits into one bundle.
    """
    signed = store.checkpoint()
    if signed is None:
        raise UsageError("there is no log yet", hint="auditor scan")
    size = signed.checkpoint.size
    policies = _Policies(store)
    runs, others = _runs(store, wish, size, policies)
    survey = _Survey(wish, runs)
    for entry in store.entries(end=size):
        survey.take(entry)
    span = survey.span(size)
    if span.last - span.first >= MAX_ENTRIES - len(survey.singles):
        raise UsageError(
            f"{span.last - span.first + 1} entries are more than fit into one bundle",
            hint="choose a shorter --period",
        )
    wanted = {*survey.singles, *(index for index in also if 0 <= index < size), size - 1}
    singles = {index for index in wanted if index not in span}
    needed = policies.types(survey.histories(), wish.control) if wish.only_needed else None
    return Choice(
        wish,
        signed,
        survey.histories(),
        span,
        tuple(sorted(singles)),
        tuple(survey.pruned),
        tuple(policy for start, policy in others if start in span),
        needed,
    )


class _Policies:
    """Recorded policies, each read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Policy] = {}

    def get(self, reference: BlobRef) -> Policy:
        if reference.digest not in self._known:
            data = self._store.get(reference)
            self._known[reference.digest] = parse_policy(data, reference.path)
        return self._known[reference.digest]

    def types(self, runs: Iterable[RunHistory], control: str | None) -> frozenset[str]:
        """The resource types that a control's checks read in these runs."""
        starts = [run.start for run in runs if run.start is not None]
        return frozenset(
            check.resource
            for start in starts
            for found in self.get(start.policy).controls
            if found.id == control
            for check in found.checks
        )


def _runs(
    store: Store, wish: Wish, size: int, policies: _Policies
) -> tuple[frozenset[str], list[tuple[int, BlobRef]]]:
    """The chosen runs; and of the others, where they begin and by which policy they judged."""
    chosen: set[str] = set()
    others: list[tuple[int, BlobRef]] = []
    for summary in store.runs():
        if summary.start_index >= size:
            continue
        wanted = summary.id in wish.runs or not wish.runs
        if wish.period is not None and summary.now not in wish.period:
            wanted = False
        if wanted and wish.control is not None:
            start = _start(store, summary.start_index)
            controls = {control.id for control in policies.get(start.policy).controls}
            wanted = wish.control in controls
            if not wanted:
                others.append((summary.start_index, start.policy))
        if wanted:
            chosen.add(summary.id)
    missing = set(wish.runs) - chosen
    if missing or not chosen:
        what = f"no run {min(missing)}" if missing else "no such run"
        raise UsageError(f"there is {what} to export", hint="auditor run list")
    return frozenset(chosen), others


def _start(store: Store, index: int) -> RunStart:
    entry = next(iter(store.entries(index, index + 1)))
    if not isinstance(entry.body, RunStart):
        raise UsageError(
            f"entry {index} is no run.start", hint="delete index.sqlite: it is rebuilt"
        )
    return entry.body


@dataclass(slots=True)
class _Survey:
    """Takes the entries of the log one after the other and notes what a bundle needs of them."""

    wish: Wish
    runs: frozenset[str]
    book: RunBook = field(default_factory=RunBook)
    singles: set[int] = field(default_factory=set)
    pruned: list[BlobRef] = field(default_factory=list)
    before: int = 0
    after: int | None = None

    def take(self, entry: Entry) -> None:
        """The next entry."""
        body = entry.body
        if isinstance(body, (KeyRecord, HoldRecord, PruneRecord)):
            self.singles.add(entry.index)
            if isinstance(body, PruneRecord):
                self.pruned.append(body.blob)
        elif getattr(body, "run", None) in self.runs:
            self.book.add(entry)
            if isinstance(body, (Report, Timestamp)):
                self.singles.add(entry.index)
        period = self.wish.period
        if period is None:
            return
        if entry.time <= period.since - MARGIN:
            self.before = entry.index
        if self.after is None and entry.time >= period.until + MARGIN:
            self.after = entry.index

    def histories(self) -> tuple[RunHistory, ...]:
        """The chosen runs, in the order of the log."""
        return tuple(self.book.runs.values())

    def span(self, size: int) -> Span:
        """From the first entry needed to the last."""
        firsts, lasts = [], []
        for run in self.histories():
            firsts.append(run.start_index)
            ended = run.end_entry.index if run.end_entry else run.last_index
            lasts.append(size - 1 if run.state == "open" else ended)
        if self.wish.chosen.kind != "runs":
            firsts.append(self.before)
            lasts.append(size - 1 if self.after is None else self.after)
        return Span(first=max(min(firsts), 0), last=max(lasts))
