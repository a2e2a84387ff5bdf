"""The `math` extension."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from auditor.core.expression.functions.comparing import greater, less
from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import (
    NUMBERS,
    UINT_MAX,
    EvaluationError,
    UInt,
    Value,
    checked_int,
    kind,
    no_overload,
)

_BITS = 64


def _extreme(name: str, better: Callable[[Value, Value], bool]) -> Callable[..., Value]:
    def extreme(*arguments: Value) -> Value:
        values = arguments
        if len(arguments) == 1 and kind(arguments[0]) == "list":
            values = tuple(arguments[0])
        if not values:
            raise EvaluationError(f"`{name}` of nothing")
        best = values[0]
        for value in values:
            if kind(value) not in NUMBERS:
                raise no_overload(name, value)
            best = value if better(value, best) else best
        return best

    return extreme


def _rounding(operation: Callable[[float], int]) -> Callable[[float], float]:
    """The operation on doubles, which keeps infinities, NaN and the sign of zero."""

    def rounded(value: float) -> float:
        return math.copysign(float(operation(value)), value) if math.isfinite(value) else value

    return rounded


def _half_away(value: float) -> int:
    """Halves go away from zero; adding 0.5 would be wrong for the largest double below 0.5."""
    whole = math.trunc(value)
    return whole + (int(math.copysign(1, value)) if abs(value - whole) >= 0.5 else 0)  # noqa: PLR2004 - a half


def _absolute(value: Value) -> Value:
    value_kind = kind(value)
    if value_kind == "int":
        return checked_int(abs(value))
    if value_kind in NUMBERS:
        return value if value_kind == "uint" else abs(value)
    raise no_overload("math.abs", value)


def _sign(value: Value) -> Value:
    value_kind = kind(value)
    if value_kind not in NUMBERS:
        raise no_overload("math.sign", value)
    if value_kind == "double":
        return value if math.isnan(value) else float((value > 0) - (value < 0))
    sign = (value > 0) - (value < 0)
    return UInt(sign) if value_kind == "uint" else sign


def _root(value: Value) -> float:
    if kind(value) not in NUMBERS:
        raise no_overload("math.sqrt", value)
    return math.sqrt(value) if value >= 0 else math.nan


def _bitwise(name: str, operation: Callable[[int, int], int]) -> Callable[..., Value]:
    def bitwise(left: Value, right: Value) -> Value:
        kinds = (kind(left), kind(right))
        if kinds not in {("int", "int"), ("uint", "uint")}:
            raise no_overload(name, left, right)
        result = operation(int(left), int(right))
        return UInt(result) if kinds[0] == "uint" else result

    return bitwise


def _bit_not(value: Value) -> Value:
    value_kind = kind(value)
    if value_kind not in {"int", "uint"}:
        raise no_overload("math.bitNot", value)
    return UInt(UINT_MAX - value) if value_kind == "uint" else ~value


def _shift(name: str, operation: Callable[[int, int], int]) -> Callable[..., Value]:
    """Shifts of the 64-bit pattern; a right shift of an int fills with zeros."""

    def shift(value: Value, by: Value) -> Value:
        value_kind = kind(value)
        if value_kind not in {"int", "uint"} or kind(by) != "int":
            raise no_overload(name, value, by)
        if by < 0:
            raise EvaluationError(f"`{name}` by {by}")
        bits = operation(int(value) & UINT_MAX, min(by, _BITS)) & UINT_MAX
        if value_kind == "uint":
            return UInt(bits)
        return bits - (1 << _BITS) if bits >> (_BITS - 1) else bits

    return shift


_greatest = _extreme("math.greatest", greater)
_least = _extreme("math.least", less)

MATHS: Mapping[str, Callable[..., Value]] = {
    "math.@max": _greatest,
    "math.@min": _least,
    "math.greatest": _greatest,
    "math.least": _least,
    "math.ceil": typed("math.ceil", "double", _rounding(math.ceil)),
    "math.floor": typed("math.floor", "double", _rounding(math.floor)),
    "math.trunc": typed("math.trunc", "double", _rounding(math.trunc)),
    "math.round": typed("math.round", "double", _rounding(_half_away)),
    "math.abs": _absolute,
    "math.sign": _sign,
    "math.sqrt": _root,
    "math.isNaN": typed("math.isNaN", "double", math.isnan),
    "math.isInf": typed("math.isInf", "double", math.isinf),
    "math.isFinite": typed("math.isFinite", "double", math.isfinite),
    "math.bitAnd": _bitwise("math.bitAnd", lambda left, right: left & right),
    "math.bitOr": _bitwise("math.bitOr", lambda left, right: left | right),
    "math.bitXor": _bitwise("math.bitXor", lambda left, right: left ^ right),
    "math.bitNot": _bit_not,
    "math.bitShiftLeft": _shift("math.bitShiftLeft", lambda bits, by: bits << by),
    "math.bitShiftRight": _shift("math.bitShiftRight", lambda bits, by: bits >> by),
}
