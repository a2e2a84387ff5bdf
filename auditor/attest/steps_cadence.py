"""Part of step 4: complete runs as often as the trust policy requires.

A run that did not come to its end is no run here. What lies between the first run's start and the
first end counts, and what lies between the last end and the last entry of the log; what lies
between the last entry and the time of the verification does not, because a copy of a log grows no
more: that is a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from auditor.attest.evidence import Evidence
from auditor.attest.result import Notes
from auditor.core.times import format_duration, format_instant
from auditor.ledger.runs import RunHistory

_RUNS = "runs"


def check_cadence(evidence: Evidence, notes: Notes) -> None:
    """Each gap between complete runs that is longer than the policy allows is bad."""
    cadence = evidence.trust.required.cadence if evidence.trust else None
    if cadence is None:
        return
    if evidence.run is not None or evidence.package is not None:
        notes.warn(
            f"the policy requires a run every {format_duration(cadence)}, which only a verification"
            " of the whole store can show"
        )
        return
    begun, ends = _moments(evidence.runs())
    last_time = evidence.last_time or evidence.now
    for earlier, later in pairwise([*begun, *ends, *([last_time] if begun else [])]):
        if later - earlier > cadence:
            notes.bad(
                f"no complete run from {format_instant(earlier)} to {format_instant(later)}: the"
                f" policy requires one every {format_duration(cadence)}",
                _RUNS,
            )
    _note_now(evidence.now, last_time, [*begun, *ends][-1:], cadence, notes)


def _moments(runs: Sequence[RunHistory]) -> tuple[list[datetime], list[datetime]]:
    """The start of the first run, and the ends of the complete ones."""
    starts = [run.start_entry.time for run in runs if run.start_entry is not None]
    ends = [run.end_entry.time for run in runs if run.end_entry is not None and not run.problems]
    return starts[:1], sorted(ends)


def _note_now(
    now: datetime, last_time: datetime, newest: Sequence[datetime], cadence: timedelta, notes: Notes
) -> None:
    for moment in newest:
        if now - moment > cadence:
            notes.warn(
                f"the last complete run ended at {format_instant(moment)}, and the log was given as"
                f" of {format_instant(last_time)}: whether runs were made since is not in it",
                _RUNS,
            )
