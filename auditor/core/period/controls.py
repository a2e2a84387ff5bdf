"""What the period shows of a control: its state, k of n, and why the evidence is not whole.

n counts items: one check on one resource, each once however often it was judged; k those that
failed without a waiver in at least one run. Judging more often makes neither smaller nor larger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from auditor.core.model.control import Check
from auditor.core.model.period_report import (
    Bounds,
    CheckPeriod,
    ControlPeriod,
    Incompleteness,
    NoEvidence,
    PeriodState,
    RunLine,
    SeriesPoint,
)
from auditor.core.model.status import ControlStatus, Status
from auditor.core.period.cadence import gaps, runs_expected
from auditor.core.period.control_track import CheckTrack, ControlTrack
from auditor.core.period.coverage import CoverageBook
from auditor.core.period.items import DECIDED
from auditor.core.times import format_instant

_WORST = (Status.FAIL, Status.ERROR, Status.MANUAL)


def control_period(
    track: ControlTrack,
    bounds: Bounds,
    complete: Sequence[RunLine],
    lines: Sequence[RunLine],
    coverage: CoverageBook,
) -> ControlPeriod:
    """A control over the period.

    Args:
        complete: The complete runs of the period, in order of time; `lines` all of them.
    """
    control, items = track.control, track.items.values()
    missing = gaps(bounds, track.tested, lines)
    expected = runs_expected(bounds, track.tested, control.evaluate.every)
    reasons = _incomplete(track, missing, bounds, expected)
    failing = [line for line in track.lines if track.counts[line.run]["fail"]]
    judged = sum((track.counts[line.run] for line in track.lines), Counter[str]())
    n, k = sum(item.decided for item in items), sum(item.failed for item in items)
    state = _state(track, k, n, reasons)
    return ControlPeriod(
        id=control.id,
        title=control.title,
        statement=control.statement,
        owner=control.owner.role,
        frequency=control.frequency,
        nature=control.nature.type,
        execution=control.nature.execution,
        every=control.evaluate.every,
        gap_tolerance=control.evaluate.gap_tolerance,
        state=state,
        summary=_summary(state, k, n, len(failing), track, judged, reasons),
        runs_expected=expected,
        runs_done=len(track.lines),
        items=n,
        deviating=k,
        judgements=sum(judged[status] for status in DECIDED),
        failing_judgements=judged["fail"],
        runs_with_deviations=len(failing),
        undecided=sum(item.undecided for item in items),
        waived=sum(item.waived for item in items),
        gaps=missing,
        incomplete=reasons,
        mappings=tuple(sorted(track.mappings)),
        series=tuple(_point(track, line) for line in complete),
        checks=tuple(_check(track, name, known) for name, known in sorted(track.checks.items())),
        evidence=coverage.evidence(places(track)),
    )


def places(track: ControlTrack) -> set[tuple[str, str]]:
    """The targets and resource types that the control's checks judged."""
    return {
        (target, check.resource)
        for name, target in track.pairs
        if (check := track.checks[name].check) is not None
    }


def _state(
    track: ControlTrack, deviating: int, items: int, reasons: Sequence[Incompleteness]
) -> PeriodState:
    if deviating:
        return PeriodState.DEVIATIONS
    if not track.lines:
        return PeriodState.NOT_TESTED
    if reasons:
        return PeriodState.INCOMPLETE
    return PeriodState.NO_DEVIATIONS if items else PeriodState.NOT_OPERATED


def _summary(
    state: PeriodState,
    deviating: int,
    items: int,
    failing: int,
    track: ControlTrack,
    judged: Counter[str],
    reasons: Sequence[Incompleteness],
) -> str:
    if state is PeriodState.NOT_TESTED:
        return "no complete run of the period judged it"
    runs = len(track.lines)
    if state is PeriodState.NOT_OPERATED:
        return (
            f"no occasion to operate: in {runs} runs, 0 resources that its checks apply to; the"
            " queries that show it stand with the checks"
        )
    total = sum(judged[status] for status in DECIDED)
    text = (
        f"{deviating:,} of {items:,} items (one check on one resource) deviated, in {failing:,} of"
        f" {runs:,} runs; {judged['fail']:,} of {total:,} judgements"
    )
    return f"{text}; the evidence is not whole (reasons: {len(reasons)})" if reasons else text


def _incomplete(
    track: ControlTrack, missing: Sequence[NoEvidence], bounds: Bounds, expected: int
) -> tuple[Incompleteness, ...]:
    found = [
        Incompleteness(
            "no_evidence",
            f"no evidence from {format_instant(gap.since)} to {format_instant(gap.until)}",
            gap.since,
            gap.until,
            len(gap.runs),
        )
        for gap in missing
    ]
    done = len(track.lines)
    if done < expected and not missing:
        # Each pause was short enough, and together they are too many.
        text = f"{done} of {expected} runs expected, though no pause was longer than allowed"
        found.append(Incompleteness("too_few_runs", text, bounds.since, bounds.until, done))
    if track.undecided_runs:
        number = sum(item.undecided for item in track.items.values())
        text = f"items in error or waiting for a person in at least one run: {number:,}"
        found.append(_over("undecided", text, track.undecided_runs))
    found += [
        _over(
            "not_judged", f"check {check} did not judge {target}, as it had before", pair.left_out
        )
        for (check, target), pair in sorted(track.pairs.items())
        if pair.left_out
    ]
    if not track.lines:
        found += [_over("not_tested", text, lines) for text, lines in track.not_tested_runs.items()]
    return tuple(found)


def _over(kind: str, text: str, lines: Sequence[RunLine]) -> Incompleteness:
    return Incompleteness(kind, text, lines[0].now, lines[-1].now, len(lines))


def _point(track: ControlTrack, line: RunLine) -> SeriesPoint:
    counts = track.counts.get(line.run, Counter())
    every = {status.value: counts[status.value] for status in Status}
    return SeriesPoint(line.run, line.now, _status(counts), every)


def _status(counts: Counter[str]) -> ControlStatus:
    if not counts:
        return ControlStatus.NOT_TESTED
    for status in _WORST:
        if counts[status.value]:
            return ControlStatus(status.value)
    if set(counts) == {"not_applicable"}:
        return ControlStatus.NOT_APPLICABLE
    return ControlStatus.PASS


def _check(track: ControlTrack, name: str, known: CheckTrack) -> CheckPeriod:
    own = [item for item in track.items.values() if item.check == name]
    check = known.check
    return CheckPeriod(
        id=name,
        title=check.title if check else "",
        catalogue=(check.catalogue or "") if check else "",
        resource_type=check.resource if check else "",
        query=_query(check) if check else "",
        verify_by_hand=check.verify_by_hand if check else "",
        runs=len(known.runs),
        first_run_at=known.runs[0].now if known.runs else None,
        last_run_at=known.runs[-1].now if known.runs else None,
        counts={status.value: known.counts[status.value] for status in Status},
        items=sum(item.decided for item in own),
        failed=sum(item.failed for item in own),
        not_tested=tuple(known.not_tested),
        population=known.population.summary(),
    )


def _query(check: Check) -> str:
    """What is read, from which targets, and which of it is judged."""
    applies = f" where {check.when}" if check.when else ""
    scope = "" if check.scope == "true" else f", of targets where {check.scope}"
    return f"{check.resource}{applies}{scope}"
