"""The syntax tree of an expression with the declared type of every term, also inside macros.

Works on the `CheckedExpr` of `auditor.core.expression.cel_schema`. A term whose type cannot be
told (a result of a function, `any`) is UNKNOWN, and nothing is claimed about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.core.expression import cel_tree
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar

ITEM = "[]"  # an element of a list, in a path
VALUE = "{}"  # a value of a map, in a path
Path = tuple[str, ...]
_INDEX, _IF, _ADD = "_[_]", "_?_:_", "_+_"


@dataclass(frozen=True, slots=True)
class Term:
    """What is known of a term.

    Args:
        type: Its declared type; None where that is unknown.
        path: Where its data come from: ("resource", "rules", "[]", "world"); () if computed.
        nullable: It may be null.
        items: What its elements are, where that does not follow from `type` and `path`.
        record, missing: The field `missing` was asked of `record`, which has none of that name.
    """

    type: FieldType | None = None
    path: Path = ()
    nullable: bool = False
    items: Term | None = None
    record: Record | None = None
    missing: str = ""


UNKNOWN = Term()
Scope = Mapping[str, Term]


def root_scope(roots: Mapping[str, FieldType]) -> dict[str, Term]:
    """The scope outside all macros."""
    return {name: Term(of, (name,)) for name, of in roots.items()}


def kind(node: Any) -> str:
    """Which of the seven kinds of expression the node is."""
    return str(node.WhichOneof("expr_kind"))


def call(node: Any, *functions: str) -> list[Any] | None:
    """The arguments, target first, when the node calls one of the functions; else None."""
    if kind(node) != "call_expr" or node.call_expr.function not in functions:
        return None
    target = [node.call_expr.target] if node.call_expr.HasField("target") else []
    return [*target, *node.call_expr.args]


def constant_text(node: Any) -> str | None:
    """The text of a text literal."""
    if kind(node) == "const_expr" and node.const_expr.WhichOneof("constant_kind") == "string_value":
        return str(node.const_expr.string_value)
    return None


def is_null(node: Any) -> bool:
    """True for the literal `null`."""
    is_constant = kind(node) == "const_expr"
    return is_constant and node.const_expr.WhichOneof("constant_kind") == "null_value"


def infer(node: Any, scope: Scope) -> Term:
    """What is known of a node."""
    match kind(node):
        case "ident_expr":
            return scope.get(node.ident_expr.name.lstrip("."), UNKNOWN)
        case "select_expr":
            return member(infer(node.select_expr.operand, scope), node.select_expr.field)
        case "comprehension_expr":
            return _folded(node.comprehension_expr, scope)
        case "call_expr":
            return _called(node, scope)
        case _:
            return UNKNOWN


def member(base: Term, name: str) -> Term:
    """The field of that name."""
    path = (*base.path, name) if base.path else ()
    match base.type:
        case Record(fields, nullable):
            if name not in fields:
                return Term(path=path, record=base.type, missing=name)
            return Term(fields[name], path, name in nullable)
        case MapOf(value):
            return Term(value, (*base.path, VALUE) if base.path else ())
        case _:
            return Term(path=base.path)


def element(base: Term) -> Term:
    """An element of a list."""
    if base.items is not None:
        return base.items
    if isinstance(base.type, ListOf):
        return Term(base.type.item, (*base.path, ITEM) if base.path else ())
    return Term(path=base.path)


def _called(node: Any, scope: Scope) -> Term:
    if (branches := call(node, _IF)) is not None:
        first = infer(branches[1], scope)
        return first if first.type is not None else infer(branches[2], scope)
    if (arguments := call(node, _INDEX)) is not None:
        base, name = infer(arguments[0], scope), constant_text(arguments[1])
        if isinstance(base.type, Record):
            return member(base, name) if name is not None else UNKNOWN
        return member(base, "") if isinstance(base.type, MapOf) else element(base)
    return UNKNOWN


def _folded(loop: Any, scope: Scope) -> Term:
    """`filter` and `map` give lists; their elements are what the step appends."""
    appended = _appended(loop.loop_step)
    if appended is None:
        return UNKNOWN
    item = infer(appended, loop_scope(loop, scope))
    return Term(ListOf(item.type or Scalar("any")), _list_path(item.path), items=item)


def _list_path(path: Path) -> Path:
    return path[:-1] if path and path[-1] == ITEM else ()


def _appended(step: Any) -> Any:
    """The element `e` of a step `@result + [e]`, also behind a condition."""
    if (branches := call(step, _IF)) is not None:
        return _appended(branches[1])
    added = call(step, _ADD)
    if added is not None and kind(added[1]) == "list_expr" and added[1].list_expr.elements:
        return added[1].list_expr.elements[0]
    return None


def loop_scope(loop: Any, scope: Scope) -> dict[str, Term]:
    """The scope inside a macro."""
    over = infer(loop.iter_range, scope)
    inner = dict(scope)
    inner[loop.accu_var] = infer(loop.accu_init, scope)  # `cel.bind` binds by it
    if isinstance(over.type, MapOf):
        key, value = Term(Scalar("string")), member(over, "")
    else:
        key, value = Term(Scalar("int")), element(over)
    if loop.iter_var2:
        inner[loop.iter_var], inner[loop.iter_var2] = key, value
    else:
        inner[loop.iter_var] = key if isinstance(over.type, MapOf) else value
    return inner


def walk(node: Any, scope: Scope) -> Iterator[tuple[Any, Scope]]:
    """Every node, outer before inner, with the scope that it stands in."""
    yield node, scope
    if kind(node) == "comprehension_expr":
        loop = node.comprehension_expr
        inner = loop_scope(loop, scope)
        yield from walk(loop.iter_range, scope)
        yield from walk(loop.accu_init, scope)
        for child in (loop.loop_condition, loop.loop_step, loop.result):
            yield from walk(child, inner)
        return
    for child in cel_tree.children(node):
        yield from walk(child, scope)


def shape(node: Any) -> bytes:
    """Bytes that are equal for equal terms, wherever they stand."""
    copy = type(node)()
    copy.CopyFrom(node)
    _forget_ids(copy)
    return bytes(copy.SerializeToString(deterministic=True))


def _forget_ids(message: Any) -> None:
    if "id" in message.DESCRIPTOR.fields_by_name:
        message.ClearField("id")
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for item in [value] if hasattr(value, "DESCRIPTOR") else value:
                _forget_ids(item)
