"""Periods as a period report names them: `2026-Q3`, `2026-09`, `2026`, or `START/END`.

The forms are those of `app.export.period`; two moments may also be divided by a slash, as
ISO 8601 writes an interval. Always UTC; the end is not included.
"""

from __future__ import annotations

from auditor.app.export.period import parse_period
from auditor.core.model.period_report import Bounds
from auditor.core.times import format_instant


def parse_bounds(text: str) -> Bounds:
    """The period of a text, under the one name that it has.

    Raises:
        UsageError: Another form, no such moment, or an end that is not after the beginning.
    """
    period = parse_period(text.replace("/", "..", 1))
    explicit = "/" in text or ".." in text
    name = f"{format_instant(period.since)}/{format_instant(period.until)}" if explicit else text
    return Bounds(name, period.since, period.until)
