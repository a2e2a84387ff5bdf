"""Runs that are missing: no control may go untested for longer than its file says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from auditor.app.notifying.changes import LOOK_BACK, Verdicts
from auditor.app.notifying.events import Event, event_fingerprint
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity
from auditor.core.times import format_duration, format_instant
from auditor.store.index import RunSummary

_NAMED = 5


def missed_runs(
    verdicts: Verdicts, policy: Policy, runs: list[RunSummary], now: datetime
) -> Iterator[Event]:
    """An event for each last run after which controls waited too long.

    Args:
        policy: Of the newest run.
        runs: Complete runs, the newest first; not empty.
        now: The moment that waiting is measured to, UTC.
    """
    late: dict[tuple[str, timedelta], list[str]] = {}
    moments = {run.id: run.now for run in runs}
    tested = _last_tested(verdicts, runs[:LOOK_BACK], {control.id for control in policy.controls})
    for control in policy.controls:
        allowed = control.evaluate.every + control.evaluate.gap_tolerance
        last = tested.get(control.id)
        if last is not None and now - moments[last] > allowed:
            late.setdefault((last, allowed), []).append(control.id)
    for (last, allowed), controls in sorted(late.items()):
        yield _event(last, moments[last], allowed, sorted(controls))


def _last_tested(verdicts: Verdicts, runs: list[RunSummary], wanted: set[str]) -> dict[str, str]:
    """Control to the newest run that judged it."""
    found: dict[str, str] = {}
    for run in runs:
        if wanted <= found.keys():
            break
        for finding in verdicts.of(run.id).findings:
            found.setdefault(finding.control, run.id)
    return found


def _event(last: str, at: datetime, allowed: timedelta, controls: list[str]) -> Event:
    named = ", ".join(controls[:_NAMED])
    more = f" and {len(controls) - _NAMED:,} more" if len(controls) > _NAMED else ""
    due = at + allowed
    return Event(
        kind="missed_run",
        fingerprint=event_fingerprint("missed_run", last, format_duration(allowed), *controls),
        run=last,
        severity=Severity.HIGH,
        subject=f"{named}{more}",
        detail=f"last tested at {format_instant(at)}, and allowed are {format_duration(allowed)}"
        " between two runs",
        next="auditor run list",
        due=due,
    )
