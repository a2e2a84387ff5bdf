"""The sheets of a period's workbook about people, coverage, runs and the log."""

from __future__ import annotations

from auditor.core.model.period_report import PeriodReport
from auditor.core.model.status import Status
from auditor.core.times import format_instant
from auditor.render.glossary import CAUSE_LABEL, STATUS_LABEL
from auditor.render.period.words import RUN_STATE_LABEL
from auditor.render.period.xlsx_sheets import at
from auditor.render.xlsx.book import Column, Rows, Sheet


def waivers(report: PeriodReport) -> Sheet:
    """Every waiver of the period, and what it covered."""
    columns = (
        Column("Waiver", 18, "code"),
        Column("Check", 30, "code"),
        Column("Items covered", 10, "number"),
        Column("At most", 9, "number"),
        Column("In force from (UTC)", 23),
        Column("In force until (UTC)", 23),
        Column("Expired", 9),
        Column("Failing after", 9, "number"),
        Column("Why not honoured", 36),
        Column("Reason", 40),
        Column("Risk", 14),
        Column("Compensating", 30),
        Column("Requested by", 18),
        Column("Approved by", 18),
        Column("Signature", 18),
    )
    return Sheet("waivers", columns, _waivers(report))


def _waivers(report: PeriodReport) -> Rows:
    for one in report.waivers:
        yield (
            one.id,
            one.check,
            len(one.items),
            one.max_items,
            at(one.in_force_since) or "never in the period",
            at(one.in_force_until),
            "yes" if one.expired else "no",
            one.failing_after,
            "; ".join(one.refused),
            one.reason,
            one.risk,
            "; ".join(one.compensating),
            one.requested_by,
            one.approved_by,
            one.signature,
        )


def attestations(report: PeriodReport) -> Sheet:
    """What people stated, as the log has it."""
    columns = (
        Column("Log entry", 10, "number"),
        Column("At (UTC)", 23),
        Column("Attestation", 20, "code"),
        Column("Check or attachment", 34, "code"),
        Column("Made by", 20),
        Column("Role", 20),
        Column("Valid until (UTC)", 23),
        Column("Reviewer", 18),
        Column("Digest", 68, "code"),
    )
    return Sheet("attestations", columns, _attestations(report))


def _attestations(report: PeriodReport) -> Rows:
    for one in report.attestations:
        text = {name: str(value) for name, value in one.fields.items() if value is not None}
        yield (
            one.index,
            format_instant(one.at),
            text.get("attestation", ""),
            text.get("check") or text.get("attachment", ""),
            text.get("made_by", ""),
            text.get("role", ""),
            text.get("valid_until", ""),
            text.get("reviewer", ""),
            text.get("digest") or text.get("sha256", ""),
        )


def not_read(report: PeriodReport) -> Sheet:
    """What was not read, and why."""
    columns = (
        Column("Target", 18),
        Column("Resource type", 28, "code"),
        Column("What is affected", 30, "code"),
        Column("Cause", 18),
        Column("What the system answered", 50),
        Column("Missing permission", 26, "code"),
        Column("What to do", 40),
        Column("First (UTC)", 23),
        Column("Last (UTC)", 23),
        Column("Runs", 8, "number"),
    )
    rows = (
        (
            one.target,
            one.resource_type,
            one.subject or "all of it",
            CAUSE_LABEL[one.cause],
            one.detail,
            one.action,
            one.hint,
            format_instant(one.first_at),
            format_instant(one.last_at),
            one.runs,
        )
        for one in report.coverage
    )
    return Sheet("not read", columns, rows)


def runs(report: PeriodReport) -> Sheet:
    """Every run of the period, whatever became of it."""
    columns = (
        Column("Run", 28, "code"),
        Column("Judged at (UTC)", 24),
        Column("State", 14),
        Column("Outcome", 14),
        *(Column(STATUS_LABEL[status].capitalize(), 10, "number") for status in Status),
        Column("Why it is not complete", 40),
        Column("Entries", 14),
        Column("Time-stamp", 12),
        Column("Statement", 68, "code"),
    )
    return Sheet("runs", columns, _runs(report))


def _runs(report: PeriodReport) -> Rows:
    for one in report.runs:
        last = one.last_entry if one.last_entry >= 0 else "no end"
        yield (
            one.run,
            format_instant(one.now),
            RUN_STATE_LABEL[one.state],
            one.outcome.replace("_", " "),
            *(one.counts.get(status.value, 0) for status in Status),
            one.reason,
            f"{one.first_entry} to {last}",
            "yes" if one.timestamped else "untimed",
            one.statement,
        )


def log(report: PeriodReport) -> Sheet:
    """Problems of runs and log, and entries of the log that are no run's."""
    columns = (
        Column("What", 20),
        Column("At (UTC)", 24),
        Column("Run or entry", 28, "code"),
        Column("Detail", 90),
    )
    return Sheet("log", columns, _log(report))


def _log(report: PeriodReport) -> Rows:
    for one in report.problems:
        yield (f"problem: {one.kind.replace('_', ' ')}", at(one.at), one.run, one.detail)
    for event in report.events:
        yield (event.kind, format_instant(event.at), str(event.index), event.detail)
    for name in report.unmatched_responses:
        yield ("response without a finding", "", "", name)
