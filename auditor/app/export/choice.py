"""What goes into a bundle: which runs, which part of the log, which single entries.

The span is contiguous and holds the chosen runs as a whole, with everything between them. For a
period it reaches past it on both sides, so that no run of the period can be left out unseen, and
back over the runs that a report of the period hangs on.
Besides it go the entries that matter wherever they stand: keys, holds, prunes, later reports and
time-stamps of the runs, attestations and samples that bear on them, and the last entry, which tells
the time of the checkpoint. `survey` finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.app.export.before import Before, look_before
from auditor.app.export.controls import parse_policy
from auditor.app.export.people import RecordBlob, RecordSurvey
from auditor.app.export.period import Period
from auditor.app.export.survey import Survey
from auditor.app.period.reach import LOOK
from auditor.attest.package import MAX_ENTRIES, Chosen, Span
from auditor.core.model.policy import Policy
from auditor.errors import UsageError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import RunStart
from auditor.ledger.runs import RunHistory
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
        earlier: Runs before the period that its report hangs on, in the order of the log.
        records: Blobs that entries of attestations and samples name.
        no_report: Why the period's report cannot be made from the bundle; "" where it can.
    """

    wish: Wish
    signed: SignedCheckpoint
    histories: tuple[RunHistory, ...]
    span: Span
    singles: tuple[int, ...]
    pruned: tuple[BlobRef, ...]
    others: tuple[BlobRef, ...]
    needed: frozenset[str] | None
    earlier: tuple[RunHistory, ...] = ()
    records: tuple[RecordBlob, ...] = ()
    no_report: str = ""


def choose(
    store: Store,
    wish: Wish,
    reports: Sequence[Path] = (),
    also: Iterable[int] = (),
    limit: int = MAX_ENTRIES,
) -> Choice:
    """Decide what goes in.

    Args:
        reports: Files of reports that go along.
        also: Further entries that are wanted; those that the log does not have are passed over.
        limit: How many entries there may be; the runs before a period give way first.

    Raises:
        UsageError: There is no log, no such run, or more than fits into one bundle.
    """
    signed = store.checkpoint()
    if signed is None:
        raise UsageError("there is no log yet", hint="auditor scan")
    size = signed.checkpoint.size
    policies = _Policies(store)
    runs, others = _runs(store, wish, size, policies)
    before = look_before(store, wish.period if wish.control is None else None, reports)
    survey = _survey(store, wish, runs, before, size)
    if before.since is not None and _count(survey, size) > limit:
        too_many = f"the runs before the period are too far back: {_count(survey, size)} entries"
        before = Before(heads=before.heads, problem=too_many)
        survey = _survey(store, wish, runs, before, size)
    if _count(survey, size) > limit:
        raise UsageError(
            f"{_count(survey, size)} entries are more than fit into one bundle",
            hint="choose a shorter --period",
        )
    span = survey.span(size)
    singles = _singles(survey, size, (*also, *(head - 1 for head in before.heads)))
    needed = policies.types(survey.histories(), wish.control) if wish.only_needed else None
    return Choice(
        wish,
        signed,
        survey.histories(),
        span,
        singles,
        tuple(survey.pruned),
        tuple(policy for start, policy in others if start in span),
        needed,
        earlier=survey.earlier(),
        records=survey.people.within((*singles, *range(span.first, span.last + 1))),
        no_report=before.problem,
    )


def _survey(
    store: Store, wish: Wish, runs: Mapping[str, datetime], before: Before, size: int
) -> Survey:
    last = max(runs.values()) + LOOK
    moments = wish.period or Period(min(runs.values()), last)
    survey = Survey(
        frozenset(runs),
        before,
        RecordSurvey(moments, wish.control),
        wish.period,
        whole=wish.chosen.kind != "runs",
    )
    for entry in store.entries(end=size):
        survey.take(entry)
    return survey


def _singles(survey: Survey, size: int, also: Iterable[int]) -> tuple[int, ...]:
    """The entries that go along besides the span, in order; the last one tells the time."""
    wanted = {*survey.singles, *survey.people.wanted, size - 1}
    wanted |= {index for index in also if 0 <= index < size}
    span = survey.span(size)
    return tuple(sorted(index for index in wanted if index not in span))


def _count(survey: Survey, size: int) -> int:
    """How many entries there would be, or a few more."""
    span = survey.span(size)
    return span.last - span.first + 2 + len(survey.singles | survey.people.wanted)


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
) -> tuple[Mapping[str, datetime], list[tuple[int, BlobRef]]]:
    """The chosen runs and their moments; of the others, where they begin, and their policy."""
    chosen: dict[str, datetime] = {}
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
            chosen[summary.id] = summary.now
    missing = set(wish.runs) - chosen.keys()
    if missing or not chosen:
        what = f"no run {min(missing)}" if missing else "no such run"
        raise UsageError(f"there is {what} to export", hint="auditor run list")
    return chosen, others


def _start(store: Store, index: int) -> RunStart:
    entry = next(iter(store.entries(index, index + 1)))
    if not isinstance(entry.body, RunStart):
        raise UsageError(
            f"entry {index} is no run.start", hint="delete index.sqlite: it is rebuilt"
        )
    return entry.body
