"""Sheets of what was read: each reading, and what could not be read."""

from __future__ import annotations

from auditor.core.model.assessment import Assessment
from auditor.core.times import format_instant
from auditor.render.glossary import CAUSE_LABEL
from auditor.render.view.coverage import unread
from auditor.render.view.declared import STATE_READ, declared_names
from auditor.render.xlsx.book import Column, Rows, Sheet


def readings(assessment: Assessment) -> Sheet:
    """Every reading: the populations as their systems gave them."""
    columns = (
        Column("Target", 18),
        Column("Living or declared", 18),
        Column("Resource type", 28, "code"),
        Column("What it is", 34),
        Column("Items", 10, "number"),
        Column("Requests", 10, "number"),
        Column("Complete", 11),
        Column("Who asked", 44, "code"),
        Column("Read at (UTC)", 24),
        Column("As of (UTC)", 24),
        Column("Kept", 36),
        Column("Evidence", 40, "code"),
    )
    return Sheet("readings", columns, _readings(assessment))


def _readings(assessment: Assessment) -> Rows:
    declared = declared_names(assessment)
    for reading in assessment.readings:
        yield (
            reading.target,
            STATE_READ[reading.target in declared],
            reading.resource_type,
            reading.title,
            reading.items,
            reading.calls,
            "no" if reading.gaps else "yes",
            reading.identity,
            format_instant(reading.read_at),
            format_instant(reading.as_of),
            f"derived only: {reading.derived_only}" if reading.derived_only else "as it was read",
            reading.digest,
        )


def not_read(assessment: Assessment) -> Sheet:
    """What could not be read, why, and what to do."""
    columns = (
        Column("Target", 18),
        Column("Resource type", 28, "code"),
        Column("Cause", 18),
        Column("What the system answered", 56),
        Column("Missing permission", 28, "code"),
        Column("What to do", 44),
        Column("Affected", 10, "number"),
        Column("What is affected", 60, "code"),
    )
    rows = (
        (
            item.target,
            item.resource_type,
            CAUSE_LABEL[item.cause],
            item.detail,
            item.action,
            item.hint,
            len(item.subjects),
            "; ".join(item.subjects) or "all of it",
        )
        for item in unread(assessment)
    )
    return Sheet("not read", columns, rows)
