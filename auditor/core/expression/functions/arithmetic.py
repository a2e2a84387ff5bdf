"""`+ - * / %` and negation: 64-bit integers that never wrap, doubles of IEEE 754, time.

Integers of different signedness do not mix, nor do integers and doubles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta

from auditor.core.expression.values import (
    DURATION,
    TIMESTAMP,
    EvaluationError,
    UInt,
    Value,
    checked_int,
    checked_size,
    checked_uint,
    kind,
    no_overload,
)

# What 64 bits of nanoseconds hold, some 292 years.
MAX_DURATION = timedelta(seconds=2**63 // 10**9)

_Operation = Callable[[Value, Value], Value]


def checked_duration(value: timedelta) -> timedelta:
    """The duration, if it is in range."""
    if -MAX_DURATION <= value <= MAX_DURATION:
        return value
    raise EvaluationError("duration out of range")


def _add_int(left: int, right: int) -> int:
    return checked_int(left + right)


def _add_uint(left: int, right: int) -> UInt:
    return checked_uint(int(left) + int(right))


def _join(left: Value, right: Value) -> Value:
    checked_size(len(left) + len(right))
    return left + right


def _join_lists(left: Value, right: Value) -> Value:
    checked_size(len(left) + len(right))
    return [*left, *right]


def _divide_int(left: int, right: int) -> int:
    return checked_int(_quotient(left, right))


def _divide_uint(left: int, right: int) -> UInt:
    return checked_uint(_quotient(left, right))


def _quotient(left: int, right: int) -> int:
    """Truncated towards zero, as in C; Python rounds down."""
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(int(left)) // abs(int(right))
    return -quotient if (left < 0) != (right < 0) else quotient


def _remainder_int(left: int, right: int) -> int:
    return left - right * _quotient(left, right)


def _remainder_uint(left: int, right: int) -> UInt:
    return UInt(_remainder_int(int(left), int(right)))


def _divide_double(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _dispatcher(name: str, operations: Mapping[tuple[str, str], _Operation]) -> _Operation:
    """The operator that chooses by the kinds of both sides."""

    def operate(left: Value, right: Value) -> Value:
        operation = operations.get((kind(left), kind(right)))
        if operation is None:
            raise no_overload(name, left, right)
        try:
            return operation(left, right)
        except OverflowError as error:
            raise EvaluationError(f"`{name}`: result out of range") from error

    return operate


add = _dispatcher(
    "+",
    {
        ("int", "int"): _add_int,
        ("uint", "uint"): _add_uint,
        ("double", "double"): lambda left, right: left + right,
        ("string", "string"): _join,
        ("bytes", "bytes"): _join,
        ("list", "list"): _join_lists,
        (TIMESTAMP, DURATION): lambda left, right: left + right,
        (DURATION, TIMESTAMP): lambda left, right: right + left,
        (DURATION, DURATION): lambda left, right: checked_duration(left + right),
    },
)
subtract = _dispatcher(
    "-",
    {
        ("int", "int"): lambda left, right: checked_int(left - right),
        ("uint", "uint"): lambda left, right: checked_uint(int(left) - int(right)),
        ("double", "double"): lambda left, right: left - right,
        (TIMESTAMP, TIMESTAMP): lambda left, right: checked_duration(left - right),
        (TIMESTAMP, DURATION): lambda left, right: left - right,
        (DURATION, DURATION): lambda left, right: checked_duration(left - right),
    },
)
multiply = _dispatcher(
    "*",
    {
        ("int", "int"): lambda left, right: checked_int(left * right),
        ("uint", "uint"): lambda left, right: checked_uint(int(left) * int(right)),
        ("double", "double"): lambda left, right: left * right,
    },
)
divide = _dispatcher(
    "/",
    {
        ("int", "int"): _divide_int,
        ("uint", "uint"): _divide_uint,
        ("double", "double"): _divide_double,
    },
)
remainder = _dispatcher("%", {("int", "int"): _remainder_int, ("uint", "uint"): _remainder_uint})


def negate(value: Value) -> Value:
    """`-value` of an int or double."""
    value_kind = kind(value)
    if value_kind == "int":
        return checked_int(-value)
    if value_kind == "double":
        return -value
    raise no_overload("-", value)


def negation(value: Value) -> bool:
    """`!value` of a bool."""
    if value is True or value is False:
        return not value
    raise no_overload("!", value)


ARITHMETIC: Mapping[str, Callable[..., Value]] = {
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": remainder,
    "-_": negate,
    "!_": negation,
}
