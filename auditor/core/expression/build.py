"""From the checker's protobuf tree to our own nodes; macros are recognised by their expansion."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from auditor.core.expression.nodes import (
    AND,
    EQUAL,
    IF,
    OR,
    Bind,
    Call,
    Const,
    Fold,
    Ident,
    MakeList,
    MakeMap,
    Node,
    Select,
)
from auditor.core.expression.values import DURATION, TIMESTAMP, UInt
from auditor.errors import ExpressionError

_ADD, _MAP_INSERT = "_+_", "cel.@mapInsert"
_PRIMITIVES = ("dyn", "bool", "int", "uint", "double", "string", "bytes")
_WELL_KNOWN = ("dyn", "dyn", TIMESTAMP, DURATION)
_TYPES = {"list_type": "list", "map_type": "map", "null": "null_type", "type": "type"}


def build(checked: Any, variables: Collection[str] = ()) -> Node:
    """The tree of a `CheckedExpr`.

    Args:
        variables: Declared names; they resolve `a.b` to a variable of that name when the checker
            did not (an expression that was only parsed).

    Raises:
        ExpressionError: A construct that this engine does not have, with its position.
    """
    return _Builder(checked, frozenset(variables)).node(checked.expr)


class _Builder:
    def __init__(self, checked: Any, variables: frozenset[str]) -> None:
        self._references = {key: value.name for key, value in checked.reference_map.items()}
        self._types = {key: _type_name(value) for key, value in checked.type_map.items()}
        self._positions = dict(checked.source_info.positions)
        self._lines = tuple(checked.source_info.line_offsets)
        self._variables = variables
        self._loops: list[str] = []

    def node(self, message: Any) -> Node:
        """The node for one protobuf `Expr`."""
        which = message.WhichOneof("expr_kind")
        make = getattr(self, f"_{which}", None)
        if make is None:
            raise self._error(message, "the expression has an empty term")
        made: Node = make(message, getattr(message, which))
        return made

    def _place(self, message: Any) -> dict[str, Any]:
        return {
            "position": self._positions.get(message.id, 0),
            "type": self._types.get(message.id, "dyn"),
        }

    def _error(self, message: Any, text: str) -> ExpressionError:
        position = self._positions.get(message.id, 0)
        before = [0, *(offset for offset in self._lines if offset <= position)]
        return ExpressionError(text, line=len(before), column=position - before[-1] + 1)

    def _const_expr(self, message: Any, const: Any) -> Node:
        which = const.WhichOneof("constant_kind")
        value: Any = None if which == "null_value" else getattr(const, which)
        return Const(UInt(value) if which == "uint64_value" else value, **self._place(message))

    def _ident_expr(self, message: Any, ident: Any) -> Node:
        name = self._references.get(message.id) or ident.name
        if ident.name.startswith("."):  # past all loop variables; the reference has lost the dot
            name = f".{name.lstrip('.')}"
        return Ident(name, **self._place(message))

    def _select_expr(self, message: Any, select: Any) -> Node:
        place = self._place(message)
        written = _dotted(message)
        name = self._references.get(message.id) or written
        is_known = message.id in self._references or name in self._variables
        # A loop variable `y` hides a variable `y.z`; the checker's reference forgets that.
        hidden = written.partition(".")[0] in self._loops
        if is_known and not select.test_only and not hidden:
            return Ident(f".{name}" if written.startswith(".") else name, **place)
        return Select(self.node(select.operand), select.field, select.test_only, **place)

    def _call_expr(self, message: Any, call: Any) -> Node:
        place = self._place(message)
        arguments = tuple(self.node(argument) for argument in call.args)
        if call.function in (AND, OR):
            return Call(call.function, _flat(call.function, arguments), **place)
        if not call.HasField("target"):
            return Call(call.function.lstrip("."), arguments, **place)
        return Call(call.function, (self.node(call.target), *arguments), receiver=True, **place)

    def _list_expr(self, message: Any, made: Any) -> Node:
        elements = tuple(self.node(element) for element in made.elements)
        return MakeList(elements, frozenset(made.optional_indices), **self._place(message))

    def _struct_expr(self, message: Any, made: Any) -> Node:
        if made.message_name:
            raise self._error(message, f"messages as `{made.message_name}` are not supported")
        entries = tuple(
            (self.node(entry.map_key), self.node(entry.value), entry.optional_entry)
            for entry in made.entries
        )
        return MakeMap(entries, **self._place(message))

    def _comprehension_expr(self, message: Any, loop: Any) -> Node:
        place = self._place(message)
        if loop.iter_var == "#unused":
            value = self.node(loop.accu_init)
            self._loops.append(loop.accu_var)
            body = self.node(loop.result)
            self._loops.pop()
            return Bind(loop.accu_var, value, body, **place)
        names = tuple(name for name in (loop.iter_var, loop.iter_var2) if name)
        over = self.node(loop.iter_range)
        self._loops += names
        fold = self._fold(loop, names, over, place)
        del self._loops[-len(names) :]
        if fold is None:
            raise self._error(message, "this macro is not supported")
        return fold

    def _fold(
        self, loop: Any, names: tuple[str, ...], over: Node, place: dict[str, Any]
    ) -> Fold | None:
        """The macro by the shape of its step, or None."""
        step = loop.loop_step.call_expr
        if step.function in (AND, OR):
            condition = self.node(step.args[1])
            return Fold(
                "all" if step.function == AND else "exists", names, over, condition, **place
            )
        condition_, step = (
            (step.args[0], step.args[1].call_expr) if step.function == IF else (None, step)
        )
        test = self.node(condition_) if condition_ is not None else None
        if loop.result.call_expr.function == EQUAL:
            return Fold("exists_one", names, over, test, **place)
        if step.function == _ADD:
            element = self.node(step.args[1].list_expr.elements[0])
            return Fold("list", names, over, test, element, **place)
        if step.function == _MAP_INSERT:
            result = self.node(step.args[-1])
            entry = len(step.args) == 2  # noqa: PLR2004 - (map, entries) or (map, key, value)
            return Fold("map", names, over, test, result, entry, **place)
        return None


def _flat(function: str, arguments: tuple[Node, ...]) -> tuple[Node, ...]:
    """`(a && b) && c` as a, b, c: the operators are associative, errors included."""
    flat: list[Node] = []
    for argument in arguments:
        same = isinstance(argument, Call) and argument.function == function
        flat.extend(argument.args if same else (argument,))  # type: ignore[attr-defined]
    return tuple(flat)


def _dotted(message: Any) -> str:
    """`a.b.c` as text; empty for anything else."""
    which = message.WhichOneof("expr_kind")
    if which == "ident_expr":
        return str(message.ident_expr.name)
    if which == "select_expr" and not message.select_expr.test_only:
        base = _dotted(message.select_expr.operand)
        return f"{base}.{message.select_expr.field}" if base else ""
    return ""


def _type_name(message: Any) -> str:
    which = message.WhichOneof("type_kind")
    if which == "primitive":
        return _PRIMITIVES[message.primitive]
    if which == "well_known":
        return _WELL_KNOWN[message.well_known]
    if which == "abstract_type":
        return str(message.abstract_type.name)
    return _TYPES.get(which, "dyn")
