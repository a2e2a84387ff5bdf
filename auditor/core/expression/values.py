"""Values of CEL in Python: their kinds, and the errors that evaluating ends in.

Documents stay what they are: `str`, `int`, `bool`, `float`, `None`, `bytes`, `list`, `dict`, and
aware `datetime` and `timedelta`. Only what Python lacks has a class here. Differences from the
specification: instants and durations have microseconds, not nanoseconds; an integer of a document
beyond 64 bits compares exactly and is refused by arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Any

from auditor.core.model.status import Cause
from auditor.core.times import format_duration

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
UINT_MAX = 2**64 - 1
MAX_SIZE = 16 * 1024 * 1024  # characters, bytes or elements of one made value
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP, DURATION = "google.protobuf.Timestamp", "google.protobuf.Duration"
NUMBERS = frozenset({"int", "uint", "double"})

Value = Any  # a value of CEL as described above


class EvaluationError(Exception):
    """An expression, or a term of it, ended in an error.

    Args:
        cause: What kind of error.
        detail: What was got and expected, without the place.
    """

    def __init__(self, detail: str, cause: Cause = Cause.EXPRESSION) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.node: Any = None
        self.scope: Any = None


class MissingError(EvaluationError):
    """A field, key or variable is not there."""

    def __init__(self, name: object) -> None:
        shown = name if isinstance(name, str) else show(name)
        super().__init__(f"field `{shown}` is missing", Cause.MISSING_FIELD)


class LimitError(EvaluationError):
    """A budget is spent. Never absorbed: nothing is known of what was left out."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, Cause.LIMIT)


class UInt(int):
    """An unsigned integer; a plain `int` is signed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type as a value, as `type(1)`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Optional:
    """A value that may be absent, as `map[?key]`."""

    value: Value = None
    present: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Semver:
    """A version by semver.org 2.0.0; the order is that of precedence.

    Args:
        rank: Major, minor, patch, whether it is a release, identifiers of the pre-release.
    """

    rank: tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


ABSENT = Optional()

_KINDS: Mapping[type, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "double",
    dict: "map",
    list: "list",
    tuple: "list",
    type(None): "null_type",
    UInt: "uint",
    bytes: "bytes",
    datetime: TIMESTAMP,
    timedelta: DURATION,
    Optional: "optional_type",
    TypeValue: "type",
    IPv4Address: "net.IP",
    IPv6Address: "net.IP",
    IPv4Interface: "net.CIDR",
    IPv6Interface: "net.CIDR",
    Semver: "kubernetes.Semver",
}
_INHERITED = (str, int, float, dict, list, datetime, timedelta)
TYPE_NAMES = frozenset(_KINDS.values())


def kind(value: Value) -> str:
    """The name of the value's type in CEL.

    Raises:
        EvaluationError: It has none, or it is an instant without a zone.
    """
    found = _KINDS.get(value.__class__)
    if found is None:
        found = next((_KINDS[base] for base in _INHERITED if isinstance(value, base)), None)
    if found is None:
        name = value.__class__.__name__
        raise EvaluationError(f"a {name} is no value of an expression", Cause.TYPE_ERROR)
    if found == TIMESTAMP and value.tzinfo is None:
        raise EvaluationError("an instant has no zone", Cause.TYPE_ERROR)
    return found


_SHORT_KINDS = {TIMESTAMP: "timestamp", DURATION: "duration", "null_type": "null"}


def kind_name(value: Value) -> str:
    """The kind in the words of an author: `timestamp`, `null`."""
    found = kind(value)
    return _SHORT_KINDS.get(found, found)


def no_overload(name: str, *arguments: Value) -> EvaluationError:
    """The error for arguments of kinds that a function does not take."""
    kinds = ", ".join(kind_name(argument) for argument in arguments)
    return EvaluationError(f"`{name}` does not take ({kinds})", Cause.TYPE_ERROR)


def checked_int(value: int) -> int:
    """The integer, if 64 signed bits hold it."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationError("integer overflow")


def checked_uint(value: int) -> UInt:
    """The integer as unsigned, if 64 bits hold it."""
    if 0 <= value <= UINT_MAX:
        return UInt(value)
    raise EvaluationError("unsigned integer overflow")


def checked_size(size: int) -> int:
    """The size of a value about to be made, if memory should hold it."""
    if size > MAX_SIZE:
        raise LimitError(f"a value of {size} elements is more than {MAX_SIZE}")
    return size


def show(value: Value, limit: int = 60) -> str:
    """A value as an author would write it, cut to `limit` characters."""
    text = _SHOW.get(value.__class__, _show_other)(value, limit)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _show_other(value: Value, limit: int) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return _show_span(value)
    if isinstance(value, str):
        return _show_text(value, limit)
    return str(value)


def _show_span(value: timedelta) -> str:
    """In the largest unit that divides it: `2d`, `36h`; finer than milliseconds in seconds."""
    try:
        return format_duration(value)
    except ValueError:
        return f"{value.total_seconds():g}s"


def _show_text(value: str, limit: int) -> str:
    # One line, no control characters: it goes into reports and terminals.
    cut = value[: limit + 1].encode("unicode_escape").decode("ascii") if _odd(value) else value
    return '"' + cut[: limit + 1].replace('"', '\\"') + '"'


def _odd(value: str) -> bool:
    return not value.isprintable()


def _show_list(value: Value, limit: int) -> str:
    return "[" + ", ".join(show(item, limit) for item in value[: limit // 2]) + "]"


def _show_map(value: Value, limit: int) -> str:
    items = list(value.items())[: limit // 4]
    return "{" + ", ".join(f"{show(k, limit)}: {show(v, limit)}" for k, v in items) + "}"


_SHOW: Mapping[type, Callable[[Value, int], str]] = {
    str: _show_text,
    bool: lambda value, _: "true" if value else "false",
    type(None): lambda _value, _: "null",
    list: _show_list,
    tuple: _show_list,
    dict: _show_map,
    TypeValue: lambda value, _: value.name,
    Optional: lambda value, limit: (
        f"optional({show(value.value, limit)})" if value.present else "optional.none()"
    ),
}
