"""Moments, spans and states of a period in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from auditor.core.model.period_report import (
    ControlPeriod,
    FindingHistory,
    PeriodReport,
    PeriodState,
)
from auditor.core.times import format_instant
from auditor.render.period.words import CLOSING_LABEL, OPENING_LABEL, STATE_LABEL, span
from auditor.render.view.words import plural

LIMITS: tuple[str, ...] = (
    (
        "This document states what was tested over the period, on which systems, and what was"
        " found. It expresses no opinion and gives no assurance: the opinion is the auditor's."
    ),
    "A run shows the moment at which it read. What was so between two runs, nothing here shows.",
    (
        "A stretch without a run that counts is printed as no evidence. It is neither a pass nor a"
        " deviation, and no later run fills it."
    ),
    "What could not be read was counted as error, never as pass.",
    "A requirement may ask for more than the controls that are mapped to it test.",
    "The systems were believed: one that lies about itself is not found out by reading it.",
)
METHOD: tuple[str, ...] = (
    (
        "Everything in this document was made from the append-only log and the evidence that it"
        " names, after digests were checked. Nothing was asked of a system for it."
    ),
    (
        "A run counts when the log tells it from start to end, in order, and its own moment agrees"
        " with the time at which the log took note of it."
    ),
    (
        "Runs expected follow from how often a control is to be tested and how late a run may be. A"
        " longer distance between two runs that judged it is no evidence."
    ),
    (
        "n is the number of items: one check on one resource, counted once for the whole period,"
        " with at least one decision. k is the number of those that failed without a waiver in at"
        " least one run."
    ),
    (
        "A finding begins with the first run that saw it fail, also where that was before the"
        " period, and ends with the run that showed the end. Runs that could not tell end nothing."
    ),
    (
        "Fixed is said only where the same resource passes under a control that was not loosened."
        " Every other end is named as what it is."
    ),
    (
        "The policy of each run was compared with that of the run before; what is demanded less,"
        " looser or of fewer systems is marked as loosened."
    ),
    "The same log, evidence and inputs give the same bytes of this document.",
)
CLOSING_MEANING: Mapping[str, str] = {
    "open": "It fails in the last run that could tell.",
    "fixed": "The same resource passes, under a control that was not loosened.",
    "loosened": "It passes since its control was loosened, or changed so that nobody can tell."
    " Whether it was put right, nothing shows.",
    "vanished": "A complete reading does not have the resource any more.",
    "recreated": "Another resource, with another identifier of the system, has its name.",
    "not_applicable": "The check's condition is false for it now.",
    "waived": "A waiver covers it now.",
    "out_of_scope": "Its check or target is not looked at any more; its time goes on.",
}


def minute(value: datetime | None) -> str:
    """`2026-07-12 06:00Z`; what is below the minute is left out."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z" if value else "never"


def lapse(value: timedelta) -> str:
    """A time that may be shorter than a day: `12 h`, `30 min`, `1 d 6 h`."""
    if value >= timedelta(days=1):
        return span(value)
    hours, minutes = divmod(value // timedelta(minutes=1), 60)
    return f"{hours} h" if not minutes else f"{value // timedelta(minutes=1)} min"


def hexadecimal(digest: str) -> str:
    """The first 16 digits of a digest, for people."""
    return f"{digest.rpartition(':')[2][:16]}…"


def opened(finding: FindingHistory) -> str:
    """When and how a finding began."""
    return f"first seen {minute(finding.first_seen)}, {OPENING_LABEL[finding.opening]}"


def ended(finding: FindingHistory) -> str:
    """When and how a finding ended."""
    end = CLOSING_LABEL[finding.closing]
    when = f" {minute(finding.closed_at)}" if finding.closed_at else " at the end"
    detail = f" ({finding.closing_detail})" if finding.closing_detail else ""
    return f"{end}{when}{detail}"


def lasted(finding: FindingHistory) -> str:
    """How long, against the target."""
    if finding.target_time is None:
        return f"{span(finding.duration)}, no target"
    late = "late" if finding.late else "within it"
    return f"{span(finding.duration)}, target {span(finding.target_time)}: {late}"


def strip_text(control: ControlPeriod) -> str:
    """What a strip shows, for who does not see it."""
    gaps = plural(len(control.gaps), "stretch", "stretches")
    return (
        f"{control.title}: {STATE_LABEL[control.state]}; {control.runs_done} of"
        f" {control.runs_expected} runs, {control.runs_with_deviations} with deviations,"
        f" {gaps} without evidence"
    )


def state_counts(report: PeriodReport) -> list[tuple[PeriodState, int]]:
    """How many controls are in each state, the worst state first."""
    return [(state, report.facts[f"controls_{state.value}"]) for state in STATE_LABEL]


def bounds_line(report: PeriodReport) -> str:
    """From when to when, exactly."""
    since, until = format_instant(report.period.since), format_instant(report.period.until)
    return f"{since} to {until}, the end not included"
