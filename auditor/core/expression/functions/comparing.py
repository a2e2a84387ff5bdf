"""Equality, order, membership and indexing (CEL specification, "Equality", "Ordering").

Numbers compare across int, uint and double; beside a double an integer is taken as the nearest
double, as all engines do. A bool is no number. Values of different kinds are unequal, and
ordering them is an error.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import timedelta

from auditor.core.expression.values import (
    ABSENT,
    DURATION,
    NUMBERS,
    TIMESTAMP,
    EvaluationError,
    MissingError,
    Optional,
    Value,
    kind,
    kind_name,
    no_overload,
)
from auditor.core.model.status import Cause

_ORDERED = frozenset({"string", "bytes", "bool", TIMESTAMP, DURATION})
_WITH_AND_WITHOUT_ZONE = {TIMESTAMP, "?datetime"}
_KEYS = NUMBERS | {"bool", "string"}
_PLAIN = frozenset({str, int, float, timedelta})


def equal(left: Value, right: Value) -> bool:
    """`left == right`; an error only for two instants of which one has no zone, and the like."""
    like = left.__class__ is right.__class__ and left.__class__ in _PLAIN
    if like or left.__class__ is str or right.__class__ is str:
        same: bool = left == right
        return same
    left_kind, right_kind = _kind_or_class(left), _kind_or_class(right)
    if left_kind in NUMBERS and right_kind in NUMBERS:
        return bool(operator.eq(*_aligned(left, right)))
    if left_kind != right_kind and {left_kind, right_kind} != _WITH_AND_WITHOUT_ZONE:
        return False
    kind(left), kind(right)  # what is no value of CEL is not compared to its like
    compare: Callable[[Value, Value], object] = _EQUAL.get(left_kind, operator.eq)
    return bool(compare(left, right))


def _kind_or_class(value: Value) -> str:
    """The kind; for what is no value of CEL its class, which equals no kind."""
    try:
        return kind(value)
    except EvaluationError:
        return f"?{value.__class__.__name__}"


def _aligned(left: Value, right: Value) -> tuple[Value, Value]:
    """Two numbers as Python compares them like CEL: by itself it would compare exactly."""
    if isinstance(left, float) == isinstance(right, float):
        return left, right
    return _double(left), _double(right)


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of a document beyond all doubles
        return math.inf if value > 0 else -math.inf


def _equal_lists(left: Value, right: Value) -> bool:
    return len(left) == len(right) and all(map(equal, left, right))


def _equal_maps(left: Value, right: Value) -> bool:
    if len(left) != len(right):
        return False
    return all(
        (found := find(right, key)) is not ABSENT and equal(value, found.value)
        for key, value in left.items()
    )


def _equal_optionals(left: Optional, right: Optional) -> bool:
    if not (left.present and right.present):
        return left.present == right.present
    return equal(left.value, right.value)


_EQUAL: Mapping[str, Callable[[Value, Value], bool]] = {
    "list": _equal_lists,
    "map": _equal_maps,
    "optional_type": _equal_optionals,
}


def unequal(left: Value, right: Value) -> bool:
    """`left != right`."""
    return not equal(left, right)


def _ordering(name: str, compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def ordered(left: Value, right: Value) -> bool:
        if right.__class__ is left.__class__ and left.__class__ in _PLAIN:
            return compare(left, right)
        left_kind, right_kind = kind(left), kind(right)
        if left_kind in NUMBERS and right_kind in NUMBERS:
            return compare(*_aligned(left, right))
        if left_kind == right_kind and left_kind in _ORDERED:
            return compare(left, right)
        raise no_overload(name, left, right)

    return ordered


less = _ordering("<", operator.lt)
less_equal = _ordering("<=", operator.le)
greater = _ordering(">", operator.gt)
greater_equal = _ordering(">=", operator.ge)


def find(container: Mapping[Value, Value], key: Value) -> Optional:
    """The value of a map's key, or ABSENT. `1`, `1u` and `1.0` are one key, `true` another."""
    if key.__class__ is str:
        return Optional(container[key], present=True) if key in container else ABSENT
    if kind(key) not in _KEYS:
        raise no_overload("in", key, container)
    if key not in container:
        return ABSENT
    is_bool = key.__class__ is bool
    for candidate, value in container.items():
        if candidate == key and (candidate.__class__ is bool) == is_bool:
            return Optional(value, present=True)
    return ABSENT


def find_element(container: Value, key: Value) -> Optional:
    """`container[?key]` of a list, map or optional."""
    container_kind = kind(container)
    if container_kind == "optional_type":
        return find_element(container.value, key) if container.present else ABSENT
    if container_kind == "map":
        return find(container, key)
    if container_kind != "list":
        raise no_overload("[?]", container, key)
    index = _position(container, key)
    return Optional(container[index], present=True) if 0 <= index < len(container) else ABSENT


def element(container: Value, key: Value) -> Value:
    """`container[key]`; of an optional it is an optional."""
    container_kind = kind(container)
    if container_kind == "optional_type":
        return find_element(container, key)
    if container_kind == "map":
        found = find(container, key)
        if found is ABSENT:
            raise MissingError(key)
        return found.value
    if container_kind != "list":
        raise no_overload("[]", container, key)
    index = _position(container, key)
    if 0 <= index < len(container):
        return container[index]
    raise EvaluationError(f"index {index} is outside a list of {len(container)}")


def _position(container: Value, key: Value) -> int:
    key_kind = kind(key)
    if key_kind not in NUMBERS or (key_kind == "double" and not key.is_integer()):
        raise no_overload("[]", container, key)
    return int(key)


def selected(operand: Value, field: str) -> Value:
    """`operand.field`; of an optional it is an optional."""
    if operand.__class__ is dict and field in operand:
        return operand[field]
    operand_kind = kind(operand)
    if operand_kind == "optional_type":
        return find_element(operand, field)
    if operand_kind != "map":
        raise EvaluationError(f"`.{field}` of a {kind_name(operand)}", Cause.TYPE_ERROR)
    if field not in operand:
        raise MissingError(field)
    return operand[field]


def has(operand: Value, field: str) -> bool:
    """`has(operand.field)`: the key is there, whatever its value."""
    operand_kind = kind(operand)
    if operand_kind == "optional_type":
        return bool(operand.present and has(operand.value, field))
    if operand_kind != "map":
        raise EvaluationError(f"`has(.{field})` of a {kind_name(operand)}", Cause.TYPE_ERROR)
    return field in operand


def contained(value: Value, container: Value) -> bool:
    """`value in container`."""
    if container.__class__ is list and value.__class__ is str:
        return value in container
    container_kind = kind(container)
    if container_kind == "list":
        return any(equal(value, item) for item in container)
    if container_kind == "map":
        return find(container, value) is not ABSENT
    raise no_overload("in", value, container)


COMPARING: Mapping[str, Callable[..., Value]] = {
    "_==_": equal,
    "_!=_": unequal,
    "_<_": less,
    "_<=_": less_equal,
    "_>_": greater,
    "_>=_": greater_equal,
    "@in": contained,
    "_[_]": element,
    "_[?_]": find_element,
    "_?._": find_element,
}
