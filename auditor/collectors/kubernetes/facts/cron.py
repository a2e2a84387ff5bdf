"""Schedules of CronJobs: the longest time between two runs.

Syntax: five fields and the shortcuts of robfig/cron v3 `ParseStandard`, which Kubernetes uses:
steps, ranges, names, `?` as `*`, and the rule that a day matches when either of day of month and
day of week matches, where both are restricted. The hour of a change to summer time is left out.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from auditor.collectors.kubernetes.world import Item, World, text

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_SHORTCUTS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = re.compile(r"@every (?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_FIELDS = 5
_DAY = 24 * 60
# 28 years hold every combination of date, weekday and leap year of this century.
_FIRST, _SPAN = date(2001, 1, 1), 28 * 365 + 7


def cron_interval(value: object, _item: Item, _world: World) -> str:
    """The longest time between two runs, as a duration.

    Raises:
        ValueError: No schedule, or one that never runs.
    """
    return f"{longest_interval_s(text(value))}s"


@cache
def longest_interval_s(schedule: str) -> int:
    """The longest time between two runs, in seconds.

    Raises:
        ValueError: No schedule, or one that never runs.
    """
    every = _EVERY.fullmatch(schedule)
    if every is not None and any(every.groups()):
        hours, minutes, seconds = (int(part or 0) for part in every.groups())
        return hours * 3600 + minutes * 60 + seconds
    fields = _SHORTCUTS.get(schedule, schedule).split()
    if len(fields) != _FIELDS:
        raise ValueError(f"no schedule: {schedule!r}")
    minutes_of_day = sorted(
        60 * hour + minute
        for hour in _values(fields[1], 0, 23)
        for minute in _values(fields[0], 0, 59)
    )
    days = _days(fields[2], fields[3], fields[4])
    if len(days) < 2:  # noqa: PLR2004 - an interval has two ends
        raise ValueError(f"the schedule {schedule!r} never runs")
    first, last = minutes_of_day[0], minutes_of_day[-1]
    apart = max(later - earlier for earlier, later in pairwise(days))
    within = (b - a for a, b in pairwise(minutes_of_day))
    return 60 * max(apart * _DAY + first - last, *within, 0)


def _days(of_month: str, months: str, of_week: str) -> list[int]:
    """Numbers of the days of the span on which it runs."""
    wanted_months = _values(months, 1, 12, _MONTHS)
    wanted, weekdays = _values(of_month, 1, 31), _values(of_week, 0, 6, _DAYS)
    both = not _is_star(of_month) and not _is_star(of_week)
    found = []
    for number in range(_SPAN):
        day = _FIRST + timedelta(days=number)
        hits = (day.day in wanted, day.isoweekday() % 7 in weekdays)
        if day.month in wanted_months and (any(hits) if both else all(hits)):
            found.append(number)
    return found


def _is_star(field: str) -> bool:
    """Any part that stands for everything; a step greater than one restricts."""
    return any(part in {"*", "?", "*/1", "?/1"} for part in field.split(","))


def _values(field: str, low: int, high: int, names: list[str] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if span in {"*", "?"}:
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, low, names)
            last = _number(end, low, names) if dash else (high if slash else first)
        width = int(step) if slash and step.isascii() and step.isdigit() else 0 if slash else 1
        if width < 1 or not low <= first <= last <= high:
            raise ValueError(f"no part of a schedule: {part!r}")
        found |= set(range(first, last + 1, width))
    return frozenset(found)


def _number(text: str, low: int, names: list[str] | None) -> int:
    if names and text.lower() in names:
        return names.index(text.lower()) + low
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"no number of a schedule: {text!r}")
    return int(text)
