"""The `lists`, `sets` and `optional` extensions, and `reverse` of texts and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cmp_to_key

from auditor.core.expression.functions.comparing import contained, equal, less
from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import (
    ABSENT,
    EvaluationError,
    Optional,
    Value,
    checked_size,
    kind,
    no_overload,
)


def _reverse(value: Value) -> Value:
    if kind(value) not in {"string", "list"}:
        raise no_overload("reverse", value)
    return value[::-1]


def _distinct(items: Value) -> list[Value]:
    found: list[Value] = []
    for item in items:
        if not contained(item, found):
            found.append(item)
    return found


def _flatten(items: Value, depth: int = 1) -> list[Value]:
    if depth < 0:
        raise EvaluationError(f"`flatten` to depth {depth}")
    flat: list[Value] = []
    for item in items:
        flat.extend(_flatten(item, depth - 1) if depth and kind(item) == "list" else [item])
    return flat


def _slice(items: Value, start: int, end: int) -> Value:
    if not 0 <= start <= end <= len(items):
        raise EvaluationError(f"slice from {start} to {end} of a list of {len(items)}")
    return items[start:end]


def _range(count: int) -> list[int]:
    return list(range(checked_size(count)))


def _sorted_by(items: Value, keys: Value) -> list[Value]:
    kinds = {kind(key) for key in keys}
    if len(kinds) > 1 or len(keys) != len(items):
        raise no_overload("sort", *keys[:2])

    def order(left: tuple[Value, Value], right: tuple[Value, Value]) -> int:
        return less(right[0], left[0]) - less(left[0], right[0])

    pairs = sorted(zip(keys, items, strict=True), key=cmp_to_key(order))
    return [item for _, item in pairs]


def _first(items: Value) -> Optional:
    return Optional(items[0], present=True) if items else ABSENT


def _last(items: Value) -> Optional:
    return Optional(items[-1], present=True) if items else ABSENT


def _all_in(items: Value, others: Value) -> bool:
    return all(contained(item, others) for item in items)


def _is_zero(value: Value) -> bool:
    zeros: tuple[Value, ...] = (None, False, 0, 0.0, "", b"", [], {})
    return any(equal(value, zero) for zero in zeros)


def _dereferenced(value: Optional) -> Value:
    if not value.present:
        raise EvaluationError("the optional has no value")
    return value.value


COLLECTIONS: Mapping[str, Callable[..., Value]] = {
    "reverse": _reverse,
    "distinct": typed("distinct", "list", _distinct),
    "flatten": typed("flatten", "list int", _flatten),
    "slice": typed("slice", "list int int", _slice),
    "sort": typed("sort", "list", lambda items: _sorted_by(items, items)),
    "@sortByAssociatedKeys": typed("sortBy", "list list", _sorted_by),
    "lists.range": typed("lists.range", "int", _range),
    "first": typed("first", "list", _first),
    "last": typed("last", "list", _last),
    "sets.contains": typed("sets.contains", "list list", lambda a, b: _all_in(b, a)),
    "sets.equivalent": typed(
        "sets.equivalent", "list list", lambda a, b: _all_in(a, b) and _all_in(b, a)
    ),
    "sets.intersects": typed(
        "sets.intersects", "list list", lambda a, b: any(contained(item, b) for item in a)
    ),
    "optional.of": lambda value: Optional(value, present=True),
    "optional.none": lambda: ABSENT,
    "optional.ofNonZeroValue": lambda value: (
        ABSENT if _is_zero(value) else Optional(value, present=True)
    ),
    "hasValue": typed("hasValue", "optional_type", lambda value: value.present),
    "value": typed("value", "optional_type", _dereferenced),
}
