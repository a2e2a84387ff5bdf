"""How often a schedule of AWS runs: `cron(...)` and `rate(...)`.

Follows the schedule expressions of the EventBridge User Guide. What is rarer than the catalogue
needs (a year, `W`, `#`) is refused, so that the field is unread and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import pairwise

from auditor.collectors.aws.facts.unreadable import text

DAILY_AT_FIVE = "cron(0 5 ? * * *)"  # AWS Backup, BackupRule: where no expression is given
_RATE = re.compile(r"rate\(\s*([1-9][0-9]{0,4})\s+(minute|hour|day)s?\s*\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]+)\)", re.ASCII)
_PART = re.compile(r"(\*|[0-9]+|[A-Z]{3})(?:-([0-9]+|[A-Z]{3}))?(?:/([1-9][0-9]*))?", re.ASCII)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_FIELDS = 6  # minutes, hours, day of month, month, day of week, year
_DAY_MINUTES = 24 * 60
# Four years hold every gap between days: leap years, and months of each length on each weekday.
_START, _DAYS = date(2023, 1, 1), 4 * 366
_MONTHS: Mapping[str, int] = {
    "JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6,
    "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12,
}  # fmt: skip
_WEEKDAYS: Mapping[str, int] = {
    "SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7,
}  # fmt: skip
_ANY = {"*", "?"}


def longest_interval(expression: object) -> timedelta:
    """The longest time between two runs; changes between summer and winter time are left out.

    Raises:
        ValueError: The expression has another form, or runs less than twice in four years.
    """
    written = text(expression, "schedule").strip()
    rate = _RATE.fullmatch(written)
    if rate is not None:
        return int(rate[1]) * _UNITS[rate[2]]
    cron = _CRON.fullmatch(written)
    fields = cron[1].upper().split() if cron else []
    if len(fields) != _FIELDS or fields[5] not in _ANY:
        raise ValueError(f"schedule: got {written!r}, expected cron() without a year, or rate()")
    return timedelta(minutes=_longest_gap(_times(fields), _runs_on(fields)))


def _times(fields: list[str]) -> list[int]:
    """Minutes of the day at which it runs, sorted."""
    minutes, hours = _numbers(fields[0], 0, 59, {}), _numbers(fields[1], 0, 23, {})
    return sorted(hour * 60 + minute for hour in hours for minute in minutes)


def _runs_on(fields: list[str]) -> Callable[[date], bool]:
    """Whether it runs on a day. One of day of month and day of week is always `?` or `*`."""
    months = _numbers(fields[3], 1, 12, _MONTHS)
    last = fields[2] == "L"
    days = set() if last else _numbers(fields[2], 1, 31, {})
    weekdays = _numbers(fields[4], 1, 7, _WEEKDAYS)

    def runs(day: date) -> bool:
        on_day = (day + timedelta(days=1)).day == 1 if last else day.day in days
        return on_day and day.month in months and day.isoweekday() % 7 + 1 in weekdays

    return runs


def _longest_gap(times: list[int], runs: Callable[[date], bool]) -> int:
    days = [day for day in range(_DAYS) if runs(_START + timedelta(days=day))]
    between_days = [
        (after - before) * _DAY_MINUTES + times[0] - times[-1] for before, after in pairwise(days)
    ]
    if not between_days:
        raise ValueError("schedule: it runs less than twice in four years")
    return max(*between_days, *(after - before for before, after in pairwise(times)), 0)


def _numbers(field: str, low: int, high: int, names: Mapping[str, int]) -> set[int]:
    """The numbers that a field of a cron expression stands for."""
    if field in _ANY:
        return set(range(low, high + 1))
    found: set[int] = set()
    for part in field.split(","):
        found |= set(_part(part, low, high, names))
    return found


def _part(part: str, low: int, high: int, names: Mapping[str, int]) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"schedule: {part!r} is not understood")
    first, last, step = match.groups()
    start = low if first == "*" else _number(first, names)
    end = _number(last, names) if last else start
    if first == "*" or (step and not last):
        end = high
    if not low <= start <= end <= high:
        raise ValueError(f"schedule: {part!r} is not between {low} and {high}")
    return range(start, end + 1, int(step or 1))


def _number(name: str, names: Mapping[str, int]) -> int:
    if name in names:
        return names[name]
    if not name.isdecimal():
        raise ValueError(f"schedule: {name!r} is no number")
    return int(name)
