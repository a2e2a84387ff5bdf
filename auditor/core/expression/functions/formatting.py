"""`"%s of %d".format([a, b])` of the `strings` extension."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from auditor.core.expression.functions.conversions import double_text, to_string
from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import EvaluationError, Value, checked_size, kind, no_overload

_CLAUSE = re.compile(r"%(?:%|(?:\.([0-9]{1,3}))?(.?))", re.DOTALL)
_INTEGERS = frozenset({"int", "uint"})


def format_text(template: str, arguments: Value) -> str:
    """The template with its clauses replaced by the arguments, in order."""
    used = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal used
        if match[0] == "%%":
            return "%"
        write = _CLAUSES.get(match[2])
        if write is None:
            raise EvaluationError(f"unknown formatting clause `{match[0]}`")
        if used >= len(arguments):
            raise EvaluationError(f"formatting clause {used + 1} has no argument")
        used += 1
        return write(arguments[used - 1], 6 if match[1] is None else int(match[1]))

    text = _CLAUSE.sub(replace, template)
    checked_size(len(text))
    return text


def _string(value: Value, _precision: int) -> str:
    return plain_text(value)


def plain_text(value: Value) -> str:
    """Any value as `%s` shows it: maps sorted by their keys' text."""
    value_kind = kind(value)
    if value_kind == "list":
        return "[" + ", ".join(map(plain_text, value)) + "]"
    if value_kind == "map":
        items = sorted((plain_text(key), plain_text(item)) for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in items) + "}"
    if value_kind == "null_type":
        return "null"
    if value_kind == "type":
        return str(value.name)
    return to_string(value)


def _decimal(value: Value, _precision: int) -> str:
    value_kind = kind(value)
    if value_kind in _INTEGERS or (value_kind == "double" and not math.isfinite(value)):
        return to_string(value)
    raise no_overload("format %d", value)


def _real(letter: str) -> Callable[[Value, int], str]:
    def write(value: Value, precision: int) -> str:
        if kind(value) not in {"double", *_INTEGERS}:
            raise no_overload(f"format %{letter}", value)
        number = float(value)
        return f"{number:.{precision}{letter}}" if math.isfinite(number) else double_text(number)

    return write


def _binary(value: Value, _precision: int) -> str:
    if kind(value) not in {"bool", *_INTEGERS}:
        raise no_overload("format %b", value)
    return f"{int(value):b}"


def _octal(value: Value, _precision: int) -> str:
    if kind(value) not in _INTEGERS:
        raise no_overload("format %o", value)
    return f"{int(value):o}"


def _hexadecimal(value: Value, _precision: int) -> str:
    value_kind = kind(value)
    if value_kind in _INTEGERS:
        return f"{int(value):x}"
    if value_kind == "string":
        return str(value).encode().hex()
    if value_kind == "bytes":
        return bytes(value).hex()
    raise no_overload("format %x", value)


_CLAUSES: Mapping[str, Callable[[Value, int], str]] = {
    "s": _string,
    "d": _decimal,
    "f": _real("f"),
    "e": _real("e"),
    "b": _binary,
    "o": _octal,
    "x": _hexadecimal,
    "X": lambda value, precision: _hexadecimal(value, precision).upper(),
}

FORMATTING: Mapping[str, Callable[..., Value]] = {
    "format": typed("format", "string list", format_text),
}
