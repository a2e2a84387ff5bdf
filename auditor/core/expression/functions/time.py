"""Parts of instants and durations: `now.getHours("Europe/Berlin")`, `days(30)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.expression.functions.arithmetic import checked_duration
from auditor.core.expression.functions.conversions import microseconds
from auditor.core.expression.values import (
    DURATION,
    TIMESTAMP,
    EvaluationError,
    Value,
    kind,
    no_overload,
    show,
)

_OFFSET = re.compile(r"([+-]?)(\d\d?):(\d\d)", re.ASCII)
_SECOND = 10**6


def zone(name: str) -> tzinfo:
    """The zone of an IANA name or an offset as `-02:30`.

    Raises:
        EvaluationError: There is none of that name.
    """
    offset = _OFFSET.fullmatch(name)
    try:
        if offset is not None:
            sign = -1 if offset[1] == "-" else 1
            return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3])))
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise EvaluationError(f"there is no time zone {show(name)}") from error


def _local(instant: datetime, name: str | None) -> datetime:
    try:
        return instant.astimezone(UTC if name is None else zone(name))
    except OverflowError as error:
        raise EvaluationError("instant out of range in this time zone") from error


def _part(name: str, of: Callable[[datetime], int]) -> Callable[..., int]:
    def part(value: Value, where: Value = None) -> int:
        if kind(value) != TIMESTAMP or kind(where) not in {"null_type", "string"}:
            raise no_overload(name, value, where)
        return of(_local(value, where))

    return part


def _unit(
    name: str, of_span: Callable[[int], int], of: Callable[[datetime], int]
) -> Callable[..., int]:
    """A part that durations have too, as a whole number of units, truncated towards zero."""
    of_instant = _part(name, of)

    def unit(value: Value, *where: Value) -> int:
        if kind(value) != DURATION or where:
            return of_instant(value, *where)
        count = microseconds(value)
        return of_span(abs(count)) * (-1 if count < 0 else 1)

    return unit


def _days(value: Value) -> Value:
    """`days(30)` is a duration, `days(duration)` its whole days."""
    value_kind = kind(value)
    if value_kind == DURATION:
        count = microseconds(value)
        return (abs(count) // (86_400 * _SECOND)) * (-1 if count < 0 else 1)
    if value_kind != "int":
        raise no_overload("days", value)
    try:
        return checked_duration(timedelta(days=value))
    except OverflowError as error:
        raise EvaluationError("duration out of range") from error


TIME: Mapping[str, Callable[..., Value]] = {
    "getFullYear": _part("getFullYear", lambda at: at.year),
    "getMonth": _part("getMonth", lambda at: at.month - 1),
    "getDate": _part("getDate", lambda at: at.day),
    "getDayOfMonth": _part("getDayOfMonth", lambda at: at.day - 1),
    "getDayOfWeek": _part("getDayOfWeek", lambda at: at.isoweekday() % 7),
    "getDayOfYear": _part("getDayOfYear", lambda at: at.timetuple().tm_yday - 1),
    "getHours": _unit("getHours", lambda n: n // (3600 * _SECOND), lambda at: at.hour),
    "getMinutes": _unit("getMinutes", lambda n: n // (60 * _SECOND), lambda at: at.minute),
    "getSeconds": _unit("getSeconds", lambda n: n // _SECOND, lambda at: at.second),
    "getMilliseconds": _unit(
        "getMilliseconds", lambda n: n // 1000 % 1000, lambda at: at.microsecond // 1000
    ),
    "days": _days,
}
