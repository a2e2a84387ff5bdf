"""Conversions between kinds: `int("5")`, `string(1.5)`, `timestamp("...")` (CEL specification).

Stricter than Google's C++ runtime at run time: no spaces around a number. The parser of instants
takes RFC 3339 only; fractions below a microsecond are cut off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from auditor.core.expression.functions.arithmetic import checked_duration
from auditor.core.expression.values import (
    DURATION,
    EPOCH,
    TIMESTAMP,
    EvaluationError,
    TypeValue,
    UInt,
    Value,
    checked_int,
    checked_uint,
    kind,
    no_overload,
    show,
)

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_NAMED_REALS = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "+Infinity": math.inf,
}
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SPAN = re.compile(r"(\d+)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)|\.(\d+)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_DOUBLE_LIMIT = 2.0**63
_EXACT_DIGITS = 1e21


def to_int(value: Value) -> int:
    """`int(value)`."""
    value_kind = kind(value)
    if value_kind in {"int", "uint"}:
        return checked_int(int(value))
    if value_kind == "double":
        if not -_DOUBLE_LIMIT < value < _DOUBLE_LIMIT:
            raise EvaluationError(f"{show(value)} is no 64-bit integer")
        return int(value)
    if value_kind == "string":
        return checked_int(_parsed_int(value))
    if value_kind == TIMESTAMP:
        return int((value - EPOCH) // timedelta(seconds=1))
    raise no_overload("int", value)


def _parsed_int(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise EvaluationError(f"{show(text)} is no integer")
    return int(text)


def to_uint(value: Value) -> UInt:
    """`uint(value)`."""
    value_kind = kind(value)
    if value_kind in {"int", "uint"}:
        return checked_uint(int(value))
    if value_kind == "double":
        if not 0 <= value < 2 * _DOUBLE_LIMIT:
            raise EvaluationError(f"{show(value)} is no unsigned 64-bit integer")
        return UInt(int(value))
    if value_kind == "string":
        return checked_uint(_parsed_int(value))
    raise no_overload("uint", value)


def to_double(value: Value) -> float:
    """`double(value)`."""
    value_kind = kind(value)
    if value_kind in {"int", "uint", "double"}:
        return float(value)
    if value_kind != "string":
        raise no_overload("double", value)
    if value in _NAMED_REALS:
        return _NAMED_REALS[value]
    if _REAL.fullmatch(value) is None:
        raise EvaluationError(f"{show(value)} is no number")
    return float(value)


def to_bool(value: Value) -> bool:
    """`bool(value)`."""
    value_kind = kind(value)
    if value_kind == "bool":
        return bool(value)
    if value_kind != "string":
        raise no_overload("bool", value)
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise EvaluationError(f"{show(value)} is no bool")


def to_bytes(value: Value) -> bytes:
    """`bytes(value)`."""
    value_kind = kind(value)
    if value_kind == "bytes":
        return bytes(value)
    if value_kind == "string":
        return str(value).encode("utf-8", "surrogatepass")
    raise no_overload("bytes", value)


def to_string(value: Value) -> str:
    """`string(value)`."""
    convert = _STRINGS.get(kind(value))
    if convert is None:
        raise no_overload("string", value)
    return convert(value)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise EvaluationError("bytes are not UTF-8") from error


def double_text(value: float) -> str:
    """A double in the shortest form that reads back the same."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < _EXACT_DIGITS:
        return f"{value:.0f}"
    return repr(value)


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC, fraction without trailing zeros."""
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def microseconds(value: timedelta) -> int:
    """The whole duration in microseconds."""
    return value // timedelta(microseconds=1)


def duration_text(value: timedelta) -> str:
    """Seconds with the unit, fraction without trailing zeros."""
    count = microseconds(value)
    seconds, fraction = divmod(abs(count), 10**6)
    decimals = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{'-' if count < 0 else ''}{seconds}{decimals}s"


_STRINGS: Mapping[str, Callable[[Value], str]] = {
    "string": str,
    "bool": lambda value: "true" if value else "false",
    "int": str,
    "uint": lambda value: str(int(value)),
    "double": double_text,
    "bytes": _decoded,
    TIMESTAMP: instant_text,
    DURATION: duration_text,
    "net.IP": str,
    "net.CIDR": str,
}


def to_timestamp(value: Value) -> datetime:
    """`timestamp(value)` of RFC 3339 text or of seconds since 1970."""
    value_kind = kind(value)
    if value_kind == TIMESTAMP:
        return value  # type: ignore[no-any-return]  # its kind says so
    try:
        if value_kind == "string":
            return _parsed_instant(value)
        if value_kind == "int":
            return EPOCH + timedelta(seconds=value)
    except (ValueError, OverflowError) as error:
        raise EvaluationError(f"{show(value)} is out of the range of instants") from error
    raise no_overload("timestamp", value)


def _parsed_instant(text: str) -> datetime:
    parts = _INSTANT.fullmatch(text)
    if parts is None:
        raise EvaluationError(f"{show(text)} is no instant of RFC 3339, as 2026-01-31T12:00:00Z")
    date, time, fraction, zone = parts.groups()
    offset = "+00:00" if zone in "Zz" else zone
    micro = f"{fraction or '':0<6}"[:6]
    return datetime.fromisoformat(f"{date}T{time}.{micro}{offset}").astimezone(UTC)


def to_duration(value: Value) -> timedelta:
    """`duration(value)` of text as `1h30m` or `-1.5s`."""
    value_kind = kind(value)
    if value_kind == DURATION:
        return value  # type: ignore[no-any-return]  # its kind says so
    if value_kind != "string":
        raise no_overload("duration", value)
    sign = -1 if value[:1] == "-" else 1
    body = value[1:] if value[:1] in {"-", "+"} else value
    try:
        return checked_duration(timedelta(microseconds=sign * (_nanoseconds(body) // 1000)))
    except OverflowError as error:
        raise EvaluationError("duration out of range") from error


def _nanoseconds(body: str) -> int:
    if body == "0":
        return 0
    total = position = 0
    while match := _SPAN.match(body, position):
        whole, decimals, unit, bare, bare_unit = match.groups()
        scale = _NANOSECONDS[unit or bare_unit]
        fraction = (decimals or bare or "")[:18]
        total += int((whole or "0")[:18]) * scale + int(fraction or "0") * scale // 10 ** len(
            fraction
        )
        position = match.end()
    if not body or position != len(body):
        raise EvaluationError(f"{show(body)} is no duration, as 36h or 90m")
    return total


def size(value: Value) -> int:
    """`size(value)`: code points of a text, elements of the rest."""
    if value.__class__ is list or kind(value) in {"string", "bytes", "list", "map"}:
        return len(value)
    raise no_overload("size", value)


def identity(value: Value) -> Value:
    """`dyn(value)`: the same value, its type forgotten."""
    return value


CONVERSIONS: Mapping[str, Callable[..., Value]] = {
    "int": to_int,
    "uint": to_uint,
    "double": to_double,
    "bool": to_bool,
    "bytes": to_bytes,
    "string": to_string,
    "timestamp": to_timestamp,
    "duration": to_duration,
    "dyn": identity,
    "type": lambda value: TypeValue(kind(value)),
    "size": size,
}
