"""The expression tree that is walked, compiled and explained: small, immutable, free of protobuf.

Macros are back in the form their author wrote: a `Fold` is one `all`, `exists`, `map`..., a `Bind`
one `cel.bind`. A chain of `&&` or `||` is one call with many arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

AND, OR, NOT, IF = "_&&_", "_||_", "!_", "_?_:_"
EQUAL, UNEQUAL, INDEX, IN = "_==_", "_!=_", "_[_]", "@in"
OPTIONAL_INDEX, OPTIONAL_SELECT = "_[?_]", "_?._"

FoldKind = Literal["all", "exists", "exists_one", "list", "map"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A term.

    Args:
        position: Offset in characters from the start of the expression.
        type: What the checker says: `bool`, `int`, `list`...; `dyn` when only a value tells.
    """

    position: int = 0
    type: str = "dyn"


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A literal."""

    value: object


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A variable, a loop variable or the name of a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`, or `has(operand.field)`."""

    operand: Node
    field: str
    tested: bool = False


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or operator; `receiver` only tells how it was written, it is also `args[0]`."""

    function: str
    args: tuple[Node, ...]
    receiver: bool = False


@dataclass(frozen=True, slots=True)
class MakeList(Node):
    """`[a, ?b]`; `optional` are the indices with a question mark."""

    elements: tuple[Node, ...]
    optional: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MakeMap(Node):
    """`{a: b, ?c: d}` as (key, value, optional)."""

    entries: tuple[tuple[Node, Node, bool], ...]


@dataclass(frozen=True, slots=True)
class Fold(Node):
    """A macro over a list or map.

    Args:
        kind: `all`, `exists`, `exists_one`: `condition` is tested; `list` (map, filter,
            transformList) and `map` (transformMap, transformMapEntry) make a new value.
        names: One loop variable (element or key), or two (index and element, key and value).
        over: What is iterated.
        condition: The test; None where every element counts.
        result: Element of the made list, or value or one-entry map of the made map.
        entry: `result` is a map whose entries are inserted (transformMapEntry).
    """

    kind: FoldKind
    names: tuple[str, ...]
    over: Node
    condition: Node | None
    result: Node | None = None
    entry: bool = False


@dataclass(frozen=True, slots=True)
class Bind(Node):
    """`cel.bind(name, value, body)`."""

    name: str
    value: Node
    body: Node


def children(node: Node) -> tuple[Node, ...]:
    """The direct sub-terms, in the order written."""
    parts: tuple[Node | None, ...] = ()
    match node:
        case Select():
            parts = (node.operand,)
        case Call():
            parts = node.args
        case MakeList():
            parts = node.elements
        case MakeMap():
            parts = tuple(part for key, value, _ in node.entries for part in (key, value))
        case Fold():
            parts = (node.over, node.condition, node.result)
        case Bind():
            parts = (node.value, node.body)
    return tuple(part for part in parts if part is not None)


def walk(node: Node) -> Iterator[Node]:
    """The term and every term inside it."""
    yield node
    for child in children(node):
        yield from walk(child)
