"""Expressions against declared types: what they read, and what cannot be right about them.

Two examinations add up: the walk over the tree (`Examined`), and CEL's own checker. Given the types
as protobuf messages, it knows which operators and functions take which types. It is asked about a
copy of the text of the same length, so that its positions hold: `null` becomes a variable that
compares with everything (a declared list is no wrapper), and `record["odd name"]` becomes a
selection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cel_expr_python import cel

from auditor.catalog.types.descriptor import Messages, stand_in
from auditor.catalog.types.examined import Examined, Fault
from auditor.catalog.types.tree import call, constant_text, infer, is_null, root_scope
from auditor.core.expression import declarations
from auditor.core.expression.front import Front
from auditor.core.model.fields import FieldType, Record, field_spec
from auditor.errors import ExpressionError

_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDEFINED = re.compile(r"undefined field '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_NULL = "nil_"  # as long as `null`
_INDEXED = re.compile(r"""\[\s*(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*\]""")
_RESULT = {
    "bool": cel.Type.BOOL,
    "string": cel.Type.STRING,
    "duration": cel.Type.DURATION,
    "timestamp": cel.Type.TIMESTAMP,
}


class TypeChecker:
    """Examines expressions; environments are kept, one for each set of declared types."""

    def __init__(self) -> None:
        self._front = Front()
        self._environments: dict[str, Any] = {}

    def examine(
        self, source: str, roots: Mapping[str, FieldType], expected: str = ""
    ) -> Examined | None:
        """What is known of an expression; None where it does not even parse.

        Args:
            roots: The variables that it may use, with their types.
            expected: What it must give: `bool`, `string`, `duration`, `timestamp`, `list<string>`.
        """
        try:
            checked = self._front.check(source, dict.fromkeys(roots, "dyn")).tree
        except ExpressionError:
            return None
        seen = Examined(source, checked, root_scope(roots))
        faults = tuple(self._faults(seen, roots, expected))
        return Examined(source, checked, seen.scope, faults)

    def _faults(
        self, seen: Examined, roots: Mapping[str, FieldType], expected: str
    ) -> Iterator[Fault]:
        try:
            program = self._typed(roots).compile(_same_length(seen))
        except RuntimeError as error:
            yield from _refused(seen, str(error))
            return
        got = program.return_type()
        if not _gives(got, expected):
            yield Fault(0, f"it gives {_type_name(got)}, expected {expected}")

    def _typed(self, roots: Mapping[str, FieldType]) -> Any:
        key = json.dumps({name: field_spec(of) for name, of in roots.items()}, sort_keys=True)
        if key not in self._environments:
            messages = Messages()
            variables = {name: messages.variable(of, name) for name, of in roots.items()}
            variables[_NULL] = cel.Type.DYN
            self._environments[key] = cel.NewEnv(
                messages.pool(),
                config=declarations.environment_config(),
                variables=variables | declarations.constants(),
                functions=declarations.function_declarations(),
            )
        return self._environments[key]


def _refused(seen: Examined, text: str) -> Iterator[Fault]:
    """The checker's errors, without those that the walk has named better."""
    named = {fault.name for fault in seen.unknown}
    errors = _ERROR.findall(text)
    for line, column, message in errors:
        undefined = _UNDEFINED.search(message)
        if undefined is None:
            yield Fault(_offset(seen.source, int(line), int(column)), _said(message))
        elif undefined[1] not in named:
            offset = _offset(seen.source, int(line), int(column))
            yield Fault(offset, f"there is no field `{undefined[1]}`", undefined[1])
    if not errors:
        yield Fault(0, _said(text.splitlines()[0]))


def _same_length(seen: Examined) -> str:
    """The text for the typed checker, every term at its place."""
    text = seen.source
    for node, scope in seen.nodes:
        offset = seen.offset(node)
        if is_null(node) and text.startswith("null", offset):
            text = text[:offset] + _NULL + text[offset + 4 :]
        arguments = call(node, "_[_]")
        name = constant_text(arguments[1]) if arguments else None
        if arguments is None or name is None:
            continue
        owner = infer(arguments[0], scope).type
        match = _INDEXED.match(text, offset)
        if isinstance(owner, Record) and name in owner.fields and match:
            selection = f".{stand_in(owner, name)}"
            text = text[:offset] + selection.ljust(len(match[0])) + text[match.end() :]
    return text


def _offset(source: str, line: int, column: int) -> int:
    lines = source.split("\n")
    return sum(len(text) + 1 for text in lines[: max(line, 1) - 1]) + max(column, 1) - 1


def _gives(got: Any, expected: str) -> bool:
    if not expected or got == cel.Type.DYN:
        return True
    if expected == "list<string>":
        return got in (cel.Type.List(cel.Type.STRING), cel.Type.List(cel.Type.DYN))
    return bool(got == _RESULT[expected])


_TYPE_WORDS = (
    ("google.protobuf.Timestamp", "timestamp"),
    ("google.protobuf.Duration", "duration"),
    ("declared.", "record "),
)


def _type_name(of: Any) -> str:
    return _in_words(str(of.name()).lower())


def _in_words(text: str) -> str:
    for theirs, ours in _TYPE_WORDS:
        text = text.replace(theirs, ours)
    return text


def _said(message: str) -> str:
    """The checker's sentence in our words."""
    match = _OVERLOAD.search(message)
    if match is None:
        return _in_words(message).replace(_NULL, "null")
    name = match[1].strip("_@").replace("[_]", "[]").replace("?_:", "?:")
    return f"`{name or match[1]}` does not take {_in_words(match[2])}"
