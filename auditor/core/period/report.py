"""From the runs of a log to the report of a period.

(1) which runs, (2) what they are compared with, (3) the walk over the complete ones, (4) the runs
before, for what failed already, (5) controls, requirements, findings, (6) the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from auditor.core.model.period_report import (
    Baseline,
    Change,
    Closing,
    ControlPeriod,
    Effect,
    FindingHistory,
    FrameworkLine,
    PeriodReport,
    PeriodState,
    RunLine,
    RunState,
    UnreadPeriod,
)
from auditor.core.period.control_track import ControlTrack
from auditor.core.period.controls import control_period
from auditor.core.period.histories import histories, unmatched
from auditor.core.period.inputs import Load, PeriodQuestion
from auditor.core.period.lookback import look_back
from auditor.core.period.problems import run_problems
from auditor.core.period.requirements import requirement_periods
from auditor.core.period.walk import Walk


def build_period(question: PeriodQuestion, runs: Iterable[RunLine], load: Load) -> PeriodReport:
    """The report.

    Args:
        runs: Headers of all runs of the log, in any order.
        load: The content of a run; called for one run after the other. Of a run that is not
            complete only the policy is used, and only where the period has no complete one.

    Raises:
        AuditorError: What `load` raises.
    """
    ordered = sorted(runs, key=lambda line: (line.now, line.first_entry))
    own = [line for line in ordered if line.now in question]
    complete = [line for line in own if line.state is RunState.COMPLETE]
    earlier = [
        line
        for line in ordered
        if line.now < question.bounds.since and line.state is RunState.COMPLETE
    ]
    walk = Walk()
    baseline = _baseline(question, earlier)
    if baseline is not None:
        _compare_with(walk, next(r for r in earlier if r.run == baseline.run), load)
    for line in complete:
        walk.take(line, load(line))
    if not complete:
        _only_policy(walk, own or earlier, load)
    tracks = _chosen(walk, question.frameworks)
    items = [item for track in tracks for item in track.items.values()]
    look_back(items, reversed(earlier), load)
    return _report(question, ordered, own, complete, walk, tracks, baseline)


def _baseline(question: PeriodQuestion, earlier: Sequence[RunLine]) -> Baseline | None:
    asked = question.since_run
    found = [line for line in earlier if asked in ("", line.run)]
    if not found:
        return None
    line = found[-1]
    return Baseline(line.run, line.now, line.policy, "asked" if asked else "before_period")


def _compare_with(walk: Walk, line: RunLine, load: Load) -> None:
    content = load(line)
    walk.changes.start(line.run, content.policy, line.policy, content.program)
    walk.organisation = content.policy.organisation


def _only_policy(walk: Walk, lines: Sequence[RunLine], load: Load) -> None:
    """Without a complete run, what should have been tested is known all the same."""
    for line in lines[-1:]:
        policy = load(line).policy
        walk.organisation = policy.organisation
        walk.frameworks |= {framework.id: framework for framework in policy.frameworks}
        for control in policy.controls:
            walk.controls.setdefault(control.id, ControlTrack(control)).define(control, line, ())


def _chosen(walk: Walk, frameworks: Sequence[str]) -> list[ControlTrack]:
    """The controls that were mapped to one of the frameworks in any run, in order of id."""
    return [
        track
        for _name, track in sorted(walk.controls.items())
        if not frameworks or any(place.partition(" ")[0] in frameworks for place in track.mappings)
    ]


def _report(
    question: PeriodQuestion,
    ordered: Sequence[RunLine],
    own: Sequence[RunLine],
    complete: Sequence[RunLine],
    walk: Walk,
    tracks: Sequence[ControlTrack],
    baseline: Baseline | None,
) -> PeriodReport:
    bounds = question.bounds
    controls = tuple(
        control_period(track, bounds, complete, own, walk.coverage) for track in tracks
    )
    found = histories((item for t in tracks for item in t.items.values()), question)
    frameworks = [
        framework
        for name, framework in sorted(walk.frameworks.items())
        if not question.frameworks or name in question.frameworks
    ]
    paths = {f"{track.control.id}/{check}" for track in tracks for check in track.checks}
    changes = tuple(walk.changes.changes)  # of all controls: none is left out by a framework
    unread = _unread(walk.coverage.unread(), question, tracks)
    responses = tuple(sorted(question.responses, key=lambda r: (r.at, r.file, r.about)))
    return PeriodReport(
        tool=question.tool,
        organisation=walk.organisation,
        period=bounds,
        frameworks=tuple(FrameworkLine(f.id, f.title, f.version) for f in frameworks),
        asked_frameworks=tuple(question.frameworks),
        log=question.log,
        baseline=baseline,
        remediation={severity.value: time for severity, time in question.remediation.items()},
        facts=_facts(controls, found, own, changes, unread),
        problems=(
            *question.problems,
            *run_problems(question, ordered),
            *sorted(walk.problems, key=lambda problem: (problem.run, problem.detail)),
        ),
        changes=changes,
        requirements=requirement_periods(
            frameworks, controls, {track.control.id: track.mapped for track in tracks}
        ),
        controls=controls,
        findings=found,
        waivers=walk.waivers.summary(bounds, paths),
        attestations=tuple(question.attestations),
        coverage=unread,
        runs=tuple(own),
        events=tuple(question.events),
        responses=responses,
        unmatched_responses=unmatched(responses, found),
    )


def _unread(
    unread: Sequence[UnreadPeriod], question: PeriodQuestion, tracks: Sequence[ControlTrack]
) -> tuple[UnreadPeriod, ...]:
    if not question.frameworks:
        return tuple(unread)
    types = {
        known.check.resource
        for track in tracks
        for known in track.checks.values()
        if known.check is not None
    }
    return tuple(one for one in unread if one.resource_type in types)


def _facts(
    controls: Sequence[ControlPeriod],
    found: Sequence[FindingHistory],
    own: Sequence[RunLine],
    changes: Sequence[Change],
    unread: Sequence[UnreadPeriod],
) -> dict[str, int]:
    """Counts for a first page."""
    states = Counter(control.state for control in controls)
    runs = Counter(line.state for line in own)
    closings = Counter(one.closing for one in found)
    return {
        "controls": len(controls),
        **{f"controls_{state.value}": states[state] for state in PeriodState},
        "runs": len(own),
        **{f"runs_{state.value}": runs[state] for state in RunState},
        "findings": len(found),
        **{f"findings_{closing.value}": closings[closing] for closing in Closing},
        "findings_late": sum(one.late for one in found),
        "changes": len(changes),
        "changes_loosening": sum(change.effect is Effect.LOOSENS for change in changes),
        "changes_unknown": sum(change.effect is Effect.UNKNOWN for change in changes),
        "unread": len(unread),
    }
