"""Values as drivers give them -> values of evidence: JSON, exact, and visible where odd.

Nothing is rounded and nothing guessed: a timestamp without a zone stays without (so a field of type
`timestamp` refuses it), text that is not UTF-8 shows its bytes as `\\xe9`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from uuid import UUID

from auditor.core.canonical import MAX_INT
from auditor.core.times import format_duration, format_instant

_MILLISECOND, _SECOND = timedelta(milliseconds=1), timedelta(seconds=1)
_MANY_MILLISECONDS = 10**9 * _MILLISECOND  # a duration has at most nine digits


def text_of(data: bytes) -> str:
    """Text of UTF-8 bytes; other bytes as `\\xNN`."""
    return data.decode("utf-8", "backslashreplace")


def to_json(value: object) -> object:
    """The value as evidence keeps it.

    Raises:
        ValueError: A type that has no form in evidence; the message names it.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    convert = _CONVERT.get(kind)
    if convert is not None:
        return convert(value)
    raise ValueError(f"a value of type {kind.__name__} has no form in evidence")


def _text(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _integer(value: int) -> int | str:
    return value if -MAX_INT <= value <= MAX_INT else str(value)


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else str(value)


def _moment(value: datetime) -> str:
    return value.isoformat() if value.tzinfo is None else format_instant(value)


def duration(value: timedelta) -> str:
    """`36h`; finer than a millisecond (above eleven days: than a second) is cut off."""
    unit = _MILLISECOND if abs(value) < _MANY_MILLISECONDS else _SECOND
    return format_duration(value - value % unit)


def _mapping(value: Mapping[object, object]) -> dict[str, object]:
    return {_text(str(name)): to_json(item) for name, item in value.items()}


_CONVERT: Mapping[type, Callable[..., object]] = {
    int: _integer,
    str: _text,
    bytes: lambda value: f"\\x{value.hex()}",
    bytearray: lambda value: f"\\x{value.hex()}",
    memoryview: lambda value: f"\\x{value.hex()}",
    float: repr,
    Decimal: _decimal,
    datetime: _moment,
    date: lambda value: value.isoformat(),
    time: lambda value: value.isoformat(),
    timedelta: duration,
    UUID: str,
    dict: _mapping,
    list: lambda value: [to_json(item) for item in value],
    tuple: lambda value: [to_json(item) for item in value],
    set: lambda value: sorted(_text(str(item)) for item in value),
    IPv4Address: str,
    IPv6Address: str,
    IPv4Interface: str,
    IPv6Interface: str,
    IPv4Network: str,
    IPv6Network: str,
}
