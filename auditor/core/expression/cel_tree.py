"""What the checked syntax tree tells without running it: paths read, errors that can hide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.core.expression.interface import Reference

_OR, _AND, _NOT, _IF, _INDEX = "_||_", "_&&_", "!_", "_?_:_", "_[_]"


def references(checked: Any) -> frozenset[Reference]:
    """Every path from a free variable that the `CheckedExpr` may read."""
    return frozenset(_walk(checked.expr, frozenset(), checked.source_info.positions))


def _walk(node: Any, bound: frozenset[str], positions: Any) -> Iterator[Reference]:
    """Yield the longest static paths; `bound` holds the loop variables of enclosing macros."""
    path = static_path(node)
    if path is not None:
        if path[0] not in bound:
            tested = _kind(node) == "select_expr" and node.select_expr.test_only
            yield Reference(path, tested, positions.get(node.id, 0))
        return
    if _kind(node) == "comprehension_expr":
        loop = node.comprehension_expr
        inner = bound | {loop.iter_var, loop.iter_var2, loop.accu_var}
        yield from _walk(loop.iter_range, bound, positions)
        yield from _walk(loop.accu_init, bound, positions)
        for child in (loop.loop_condition, loop.loop_step, loop.result):
            yield from _walk(child, inner, positions)
        return
    for child in children(node):
        yield from _walk(child, bound, positions)


def static_path(node: Any) -> tuple[str, ...] | None:
    """`a.b["c"]` as ("a", "b", "c"); None when it is no such chain."""
    match _kind(node):
        case "ident_expr":
            return (node.ident_expr.name.lstrip("."),)
        case "select_expr":
            base = static_path(node.select_expr.operand)
            return None if base is None else (*base, node.select_expr.field)
        case "call_expr" if node.call_expr.function == _INDEX:
            container, index = node.call_expr.args
            base = static_path(container)
            name = index.const_expr.string_value if _kind(index) == "const_expr" else ""
            return (*base, name) if base is not None and name else None
        case _:
            return None


def children(node: Any) -> Iterator[Any]:
    """The direct sub-expressions, outside comprehensions."""
    match _kind(node):
        case "select_expr":
            yield node.select_expr.operand
        case "call_expr":
            if node.call_expr.HasField("target"):
                yield node.call_expr.target
            yield from node.call_expr.args
        case "list_expr":
            yield from node.list_expr.elements
        case "struct_expr":
            for entry in node.struct_expr.entries:
                if entry.HasField("map_key"):
                    yield entry.map_key
                yield entry.value


def may_hide_error(node: Any, *, wanted: bool = True) -> bool:
    """True when an error inside can be hidden by the result `wanted`.

    `a || b` is true whatever b is, once a is true; `a && b` is false likewise, which matters under
    a negation. `exists` is a chain of `||`, `all` a chain of `&&`.
    """
    true, false = _hides(node)
    return true if wanted else false


def _hides(node: Any) -> tuple[bool, bool]:
    """Whether an error can be hidden by the result true, and by the result false.

    Both at once: asking twice at each level would take time exponential in the depth.
    """
    match _kind(node):
        case "call_expr":
            return _call_hides(node.call_expr)
        case "comprehension_expr":
            return _loop_hides(node.comprehension_expr)
        case _:
            return _either(children(node))


def _call_hides(call: Any) -> tuple[bool, bool]:
    if call.function == _NOT:
        true, false = _hides(call.args[0])
        return false, true
    if call.function in (_OR, _AND):
        true, false = _any(map(_hides, call.args))
        return true or call.function == _OR, false or call.function == _AND
    if call.function == _IF:
        condition, *branches = call.args
        return _any([_either([condition]), *map(_hides, branches)])
    return _either([*call.args, *([call.target] if call.HasField("target") else [])])


def _loop_hides(loop: Any) -> tuple[bool, bool]:
    """Macros fold with `@result || term` (`exists`) or `@result && term` (`all`)."""
    fold = loop.loop_step.call_expr if _kind(loop.loop_step) == "call_expr" else None
    if fold is not None and fold.function in (_OR, _AND):
        true, false = _any([_either([loop.iter_range]), _hides(fold.args[1])])
        return true or fold.function == _OR, false or fold.function == _AND
    return _either((loop.iter_range, loop.loop_step, loop.result))


def _any(pairs: Iterable[tuple[bool, bool]]) -> tuple[bool, bool]:
    known = list(pairs)
    return any(true for true, _ in known), any(false for _, false in known)


def _either(nodes: Iterable[Any]) -> tuple[bool, bool]:
    """Of parts whose own result is not the whole's: hidden by either is hidden by both."""
    hidden = any(any(_hides(node)) for node in nodes)
    return hidden, hidden


def logical_terms(node: Any) -> list[Any]:
    """The leaves of the tree of `||`, `&&` and `!` at the top of an expression."""
    if _kind(node) == "call_expr" and node.call_expr.function in (_OR, _AND, _NOT):
        return [leaf for arg in node.call_expr.args for leaf in logical_terms(arg)]
    return [node]


def _kind(node: Any) -> str:
    return str(node.WhichOneof("expr_kind"))
