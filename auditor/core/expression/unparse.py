"""Terms back to text, as their author could have written them, and paths into documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from auditor.core.expression.nodes import (
    IF,
    INDEX,
    OPTIONAL_INDEX,
    OPTIONAL_SELECT,
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
from auditor.core.expression.values import UInt, show

_OPERATORS = {
    "_||_": (" || ", 1),
    "_&&_": (" && ", 2),
    "_==_": (" == ", 3),
    "_!=_": (" != ", 3),
    "_<_": (" < ", 3),
    "_<=_": (" <= ", 3),
    "_>_": (" > ", 3),
    "_>=_": (" >= ", 3),
    "@in": (" in ", 3),
    "_+_": (" + ", 4),
    "_-_": (" - ", 4),
    "_*_": (" * ", 5),
    "_/_": (" / ", 5),
    "_%_": (" % ", 5),
}
_PREFIXES = {"!_": "!", "-_": "-"}
_UNARY, _PRIMARY = 6, 7
_MACROS = {("list", False): "map", ("list", True): "transformList", ("map", True): "transformMap"}
_NAMES = {"math.@max": "math.greatest", "math.@min": "math.least"}
_MAX_CONST = 80


def text_of(node: Node, limit: int = 0) -> str:
    """The term as text, on one line.

    Args:
        limit: Characters at most, 0 for all.
    """
    text = _write(node, 0)
    return text if not limit or len(text) <= limit else f"{text[: limit - 1]}…"


def _write(node: Node, strength: int) -> str:
    """The text; in parentheses when it binds less than its surroundings ask for."""
    text, own = _WRITERS[type(node)](node)
    return f"({text})" if own < strength else text


def _const(node: Any) -> tuple[str, int]:
    text = show(node.value, _MAX_CONST)
    if isinstance(node.value, UInt):
        return f"{text}u", _PRIMARY
    return text, (_UNARY if text.startswith("-") else _PRIMARY)


def _ident(node: Any) -> tuple[str, int]:
    return node.name, _PRIMARY


def _select(node: Any) -> tuple[str, int]:
    text = f"{_write(node.operand, _PRIMARY)}.{node.field}"
    return (f"has({text})" if node.tested else text), _PRIMARY


def _call(node: Any) -> tuple[str, int]:
    function, args = node.function, node.args
    if function in _OPERATORS:
        sign, strength = _OPERATORS[function]
        first, *rest = args
        return sign.join(
            [_write(first, strength), *(_write(r, strength + 1) for r in rest)]
        ), strength
    if function in _PREFIXES:
        return _PREFIXES[function] + _write(args[0], _UNARY), _UNARY
    if function == IF:
        test, yes, no = args
        return f"{_write(test, 1)} ? {_write(yes, 1)} : {_write(no, 0)}", 0
    if function in (INDEX, OPTIONAL_INDEX):
        mark = "?" if function == OPTIONAL_INDEX else ""
        return f"{_write(args[0], _PRIMARY)}[{mark}{_write(args[1], 0)}]", _PRIMARY
    if function == OPTIONAL_SELECT:
        return f"{_write(args[0], _PRIMARY)}.?{args[1].value}", _PRIMARY
    name = _NAMES.get(function, function)
    receiver = f"{_write(args[0], _PRIMARY)}." if node.receiver else ""
    listed = ", ".join(_write(a, 0) for a in (args[1:] if node.receiver else args))
    return f"{receiver}{name}({listed})", _PRIMARY


def _list(node: Any) -> tuple[str, int]:
    marks = ("?" if index in node.optional else "" for index in range(len(node.elements)))
    items = (mark + _write(item, 0) for mark, item in zip(marks, node.elements, strict=True))
    return f"[{', '.join(items)}]", _PRIMARY


def _map(node: Any) -> tuple[str, int]:
    items = (
        f"{'?' if optional else ''}{_write(key, 0)}: {_write(value, 0)}"
        for key, value, optional in node.entries
    )
    return f"{{{', '.join(items)}}}", _PRIMARY


def _fold(node: Any) -> tuple[str, int]:
    macro = _macro(node)
    terms = (node.condition, None if macro == "filter" else node.result)
    parts = [*node.names, *(_write(term, 0) for term in terms if term is not None)]
    return f"{_write(node.over, _PRIMARY)}.{macro}({', '.join(parts)})", _PRIMARY


def _macro(node: Fold) -> str:
    if node.entry:
        return "transformMapEntry"
    filters = isinstance(node.result, Ident) and node.names == (node.result.name,)
    if node.kind == "list" and node.condition is not None and filters:
        return "filter"
    return _MACROS.get((node.kind, len(node.names) > 1), node.kind)


def _bind(node: Any) -> tuple[str, int]:
    return f"cel.bind({node.name}, {_write(node.value, 0)}, {_write(node.body, 0)})", _PRIMARY


_WRITERS: Mapping[type[Node], Callable[[Any], tuple[str, int]]] = {
    Const: _const,
    Ident: _ident,
    Select: _select,
    Call: _call,
    MakeList: _list,
    MakeMap: _map,
    Fold: _fold,
    Bind: _bind,
}
