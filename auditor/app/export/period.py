"""Periods as people name them: a year, a quarter, a month, or two moments. Always UTC, half-open.

`2026-Q3` is from 2026-07-01T00:00:00Z, included, to 2026-10-01T00:00:00Z, not included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.core.times import parse_instant
from auditor.errors import UsageError

_CALENDAR = re.compile(r"(\d{4})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LAST_YEAR = 9998  # the end of 9999 has no date
_EXPECTED = "expected 2026, 2026-Q3, 2026-09, or FROM..TO with dates or RFC 3339 times"


@dataclass(frozen=True, slots=True)
class Period:
    """From `since`, included, to `until`, not included; UTC."""

    since: datetime
    until: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


def parse_period(text: str) -> Period:
    """The period of a text.

    Raises:
        UsageError: Another form, no such moment, or an end that is not after the beginning.
    """
    first, separator, last = text.partition("..")
    period = Period(_moment(first), _moment(last)) if separator else _calendar(text)
    if period.since >= period.until:
        raise UsageError(f"the period {text!r} ends before it begins")
    return period


def _calendar(text: str) -> Period:
    match = _CALENDAR.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= _LAST_YEAR:
        raise UsageError(f"got period {text!r}, {_EXPECTED}")
    year = int(match[1])
    if match[2]:
        first, months = 3 * int(match[2]) - 2, 3
    elif match[3]:
        first, months = int(match[3]), 1
    else:
        first, months = 1, 12
    years, month = divmod(first - 1 + months, 12)
    return Period(
        datetime(year, first, 1, tzinfo=UTC), datetime(year + years, month + 1, 1, tzinfo=UTC)
    )


def _moment(text: str) -> datetime:
    """A moment; a date is its first one, in UTC."""
    full = f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text
    try:
        return parse_instant(full)
    except ValueError as error:
        raise UsageError(f"got {text!r} in a period, {_EXPECTED}") from error
