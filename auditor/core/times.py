"""Instants and durations as the formats write them.

Instants are RFC 3339 with a zone, always shown in UTC with `Z`. Durations are one number and one
unit (`36h`, `30d`): a day is exactly 24 hours, and there are no months or years, because nobody
agrees on their length.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)", re.ASCII)
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
DURATION_PATTERN = r"^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$"


def parse_duration(text: object) -> timedelta:
    """The duration of `36h`, `30d`, `15m`, `20s`, `500ms`.

    Raises:
        ValueError: Another form; the message says what is expected.
    """
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"got {text!r}, expected a number and a unit such as '36h' or '30d'")
    return int(match[1]) * _UNITS[match[2]]


def format_duration(value: timedelta) -> str:
    """The shortest exact form, in the largest unit that divides it: `36h`, not `129600s`."""
    for unit in ("d", "h", "m", "s", "ms"):
        if value % _UNITS[unit] == timedelta(0):
            return f"{value // _UNITS[unit]}{unit}"
    raise ValueError(f"{value!r} is finer than a millisecond")


def parse_instant(text: object) -> datetime:
    """The instant of an RFC 3339 string; a zone is required.

    Raises:
        ValueError: No zone, no time of day, another form, or outside the years 1 to 9999.
    """
    if isinstance(text, datetime):
        if text.tzinfo is None:
            raise ValueError(f"got {text.isoformat()}, a time without a zone")
        return _in_utc(text)
    if not isinstance(text, str) or _INSTANT.fullmatch(text) is None:
        raise ValueError(
            f"got {text!r}, expected an RFC 3339 time with a zone such as '2026-03-31T12:00:00Z'"
        )
    # datetime keeps microseconds; finer digits are cut, never rounded up.
    return _in_utc(datetime.fromisoformat(text.upper()))


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"got {value.isoformat()}, in UTC outside the years 1 to 9999") from error


def format_instant(value: datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions only where there are any."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no zone")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["36h", "30d"]}),
]
Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
