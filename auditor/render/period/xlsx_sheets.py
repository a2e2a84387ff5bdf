"""Sheets of a period's workbook: controls, findings, populations, changes.

What each list means is in `core.model.period_report`.
"""

from __future__ import annotations

from datetime import datetime

from auditor.core.model.period_report import PeriodReport, PeriodState
from auditor.core.model.status import Status
from auditor.core.times import format_instant
from auditor.render.glossary import STATUS_LABEL
from auditor.render.period.words import (
    CLOSING_LABEL,
    EFFECT_LABEL,
    OPENING_LABEL,
    STATE_LABEL,
    span,
)
from auditor.render.xlsx.book import Column, Rows, Sheet


def requirements(report: PeriodReport) -> Sheet:
    """Every requirement: its controls by what the period shows of them."""
    columns = (
        Column("Framework", 13),
        Column("Id", 9, "code"),
        Column("Requirement", 44),
        *(Column(STATE_LABEL[state].capitalize(), 26) for state in PeriodState),
        Column("Items", 9, "number"),
        Column("Deviating", 10, "number"),
        Column("Not mapped any more", 24),
    )
    return Sheet("requirements", columns, _requirements(report))


def _requirements(report: PeriodReport) -> Rows:
    for one in report.requirements:
        by_state = (", ".join(one.by_state[state.value]) for state in PeriodState)
        unmapped = ", ".join(one.unmapped)
        yield (one.framework, one.id, one.title, *by_state, one.items, one.deviating, unmapped)


def controls(report: PeriodReport) -> Sheet:
    """Every control, with k of n."""
    columns = (
        Column("Control", 24, "code"),
        Column("Title", 34),
        Column("State", 15, "status"),
        Column("In words", 44),
        Column("Items (n)", 9, "number"),
        Column("Deviating (k)", 10, "number"),
        Column("Undecided", 10, "number"),
        Column("Waived", 9, "number"),
        Column("Runs expected", 10, "number"),
        Column("Runs done", 9, "number"),
        Column("Runs with deviations", 11, "number"),
        Column("Why the evidence is not whole", 50),
        Column("Statement", 50),
        Column("Owner", 18),
        Column("Frequency", 12),
        Column("Requirements", 30),
    )
    return Sheet("controls", columns, _controls(report))


def _controls(report: PeriodReport) -> Rows:
    for one in report.controls:
        yield (
            one.id,
            one.title,
            STATE_LABEL[one.state],
            one.summary,
            one.items,
            one.deviating,
            one.undecided,
            one.waived,
            one.runs_expected,
            one.runs_done,
            one.runs_with_deviations,
            "; ".join(f"{item.kind.replace('_', ' ')}: {item.detail}" for item in one.incomplete),
            one.statement,
            one.owner,
            one.frequency.replace("_", " "),
            ", ".join(one.mappings),
        )


def no_evidence(report: PeriodReport) -> Sheet:
    """Stretches of time without a run that judged a control."""
    columns = (
        Column("Control", 30, "code"),
        Column("From (UTC)", 24),
        Column("To (UTC)", 24),
        Column("Lasted", 14),
        Column("Allowed", 14),
        Column("Runs in it that are no evidence", 60, "code"),
    )
    rows = (
        (
            one.id,
            format_instant(gap.since),
            format_instant(gap.until),
            span(gap.until - gap.since),
            span(gap.allowed),
            ", ".join(gap.runs),
        )
        for one in report.controls
        for gap in one.gaps
    )
    return Sheet("no evidence", columns, rows)


def populations(report: PeriodReport) -> Sheet:
    """Every check: what it judged, and how its population moved."""
    columns = (
        Column("Control", 24, "code"),
        Column("Check", 24, "code"),
        Column("Resource type", 24, "code"),
        Column("Runs", 8, "number"),
        Column("Items", 8, "number"),
        Column("Failed", 8, "number"),
        *(Column(f"{STATUS_LABEL[s].capitalize()} (judgements)", 12, "number") for s in Status),
        Column("First run", 9, "number"),
        Column("Last run", 9, "number"),
        Column("Least", 8, "number"),
        Column("Most", 8, "number"),
        Column("Added", 8, "number"),
        Column("Vanished", 9, "number"),
        Column("Re-created", 10, "number"),
        Column("What is read", 50, "code"),
        Column("Not tested, and why", 36),
    )
    return Sheet("populations", columns, _populations(report))


def _populations(report: PeriodReport) -> Rows:
    for control in report.controls:
        for one in control.checks:
            moved = one.population
            yield (
                control.id,
                one.id,
                one.resource_type,
                one.runs,
                one.items,
                one.failed,
                *(one.counts.get(status.value, 0) for status in Status),
                moved.first,
                moved.last,
                moved.least,
                moved.most,
                len(moved.added),
                len(moved.vanished),
                len(moved.recreated),
                one.query,
                "; ".join(one.not_tested),
            )


def moved(report: PeriodReport) -> Sheet:
    """Each resource that came, vanished or was re-created."""
    columns = (
        Column("Check", 34, "code"),
        Column("What happened", 14),
        Column("Target", 18),
        Column("Resource", 56, "code"),
        Column("Id of the system", 26, "code"),
        Column("Id before", 26, "code"),
        Column("Seen by the run of (UTC)", 24),
    )
    return Sheet("came and went", columns, _moved(report))


def _moved(report: PeriodReport) -> Rows:
    for control in report.controls:
        for check in control.checks:
            own = check.population
            kinds = {"added": own.added, "vanished": own.vanished, "re-created": own.recreated}
            for kind, items in kinds.items():
                for one in items:
                    at = format_instant(one.at)
                    path = f"{control.id}/{check.id}"
                    yield (path, kind, one.target, one.resource, one.uid, one.before, at)


def findings(report: PeriodReport) -> Sheet:
    """Each stretch of time in which something failed."""
    columns = (
        Column("Ended", 18),
        Column("Severity", 10),
        Column("Check", 32, "code"),
        Column("Target", 16),
        Column("Resource", 46, "code"),
        Column("What was found", 50),
        Column("First seen (UTC)", 23),
        Column("Ended at (UTC)", 23),
        Column("Lasted", 13),
        Column("Target time", 13),
        Column("Late", 7),
        Column("Runs", 7, "number"),
        Column("Undecided runs", 10, "number"),
        Column("How it began", 22),
        Column("How it ended", 30),
        Column("Cause, by management", 36),
        Column("Response of management", 40),
        Column("Fingerprint", 15, "code"),
        Column("Evidence", 40, "code"),
        Column("Evidence of the end", 40, "code"),
    )
    return Sheet("findings", columns, _findings(report))


def _findings(report: PeriodReport) -> Rows:
    for one in report.findings:
        said = [f"{r.response} ({r.by}, {format_instant(r.at)})" for r in one.responses]
        yield (
            CLOSING_LABEL[one.closing],
            one.severity.value,
            f"{one.control}/{one.check}",
            one.target,
            one.resource,
            one.reason,
            format_instant(one.first_seen),
            at(one.closed_at),
            span(one.duration),
            span(one.target_time) if one.target_time is not None else "none set",
            "late" if one.late else "",
            one.runs,
            one.undecided_runs,
            OPENING_LABEL[one.opening],
            one.closing_detail,
            "; ".join(response.cause for response in one.responses),
            "; ".join(said) or "none given",
            one.short,
            one.evidence,
            one.closing_evidence,
        )


def changes(report: PeriodReport) -> Sheet:
    """What was decided otherwise from one run to the next."""
    columns = (
        Column("At (UTC)", 23),
        Column("Effect", 15),
        Column("Kind", 13),
        Column("Subject", 34, "code"),
        Column("What", 44),
        Column("Before", 40, "code"),
        Column("After", 40, "code"),
        Column("First run with it", 26, "code"),
    )
    rows = (
        (
            format_instant(one.at),
            EFFECT_LABEL[one.effect],
            one.kind,
            one.subject,
            one.what,
            one.before,
            one.after,
            one.run,
        )
        for one in report.changes
    )
    return Sheet("changes", columns, rows)


def at(moment: datetime | None) -> str:
    """A moment, or nothing."""
    return format_instant(moment) if moment is not None else ""
