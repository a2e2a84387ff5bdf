"""Where a JMESPath leads in a service's model: the type it would find, or what is wrong with it.

Covers the part of the language that the catalogue uses: fields, projections, filters, multi-select
hashes, `||`, comparisons and functions (whose results are not followed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from botocore.model import ListShape, MapShape, Shape, StructureShape

from auditor.collectors.aws.paths import tree

Node = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: botocore's type name, or `any` where it is not followed."""

    name: str


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: Kind


@dataclass(frozen=True, slots=True)
class Named:
    """A record: a structure of the model or a multi-select hash."""

    members: Mapping[str, Kind | Shape]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A map with free keys."""

    value: Kind


Kind = Leaf | Many | Named | Keyed
ANY = Leaf("any")


class PathError(ValueError):
    """A path does not fit the model."""


def kind_of(shape: Shape) -> Kind:
    """The kind of a shape; members of structures are followed when asked for (they may recur)."""
    match shape:
        case StructureShape():
            return Named(shape.members, shape.name)
        case ListShape():
            return Many(kind_of(shape.member))
        case MapShape():
            return Keyed(kind_of(shape.value))
        case _:
            return Leaf(shape.type_name)


def resolve(path: str, start: Kind) -> Kind:
    """The kind of what the path finds.

    Raises:
        PathError: It leads nowhere; the message has the nearest name.
    """
    return _walk(tree(path), start)


def _walk(node: Node, at: Kind) -> Kind:
    return _RULES[str(node["type"])](node, at)


def _children(node: Node) -> list[Node]:
    children = node["children"]
    if not isinstance(children, list):
        raise PathError(f"{node!r} has no children")
    return children


def _field(node: Node, at: Kind) -> Kind:
    name = str(node["value"])
    match at:
        case Named(members, owner):
            if name not in members:
                near = get_close_matches(name, members, n=1)
                nearest = f", the nearest is {near[0]!r}" if near else ""
                raise PathError(f"{owner or 'record'} has no {name!r}{nearest}")
            found = members[name]
            return kind_of(found) if isinstance(found, Shape) else found
        case Keyed(value):
            return value
        case Leaf("any"):
            return ANY
        case _:
            raise PathError(f"{name!r} is asked of {_shown(at)}")


def _chain(node: Node, at: Kind) -> Kind:
    for child in _children(node):
        at = _walk(child, at)
    return at


def _index(_node: Node, at: Kind) -> Kind:
    return _item(at)


def _item(at: Kind) -> Kind:
    if isinstance(at, Many):
        return at.item
    if at == ANY:
        return ANY
    raise PathError(f"{_shown(at)} is no list")


def _projection(node: Node, at: Kind) -> Kind:
    left, right = _children(node)[:2]
    return Many(_walk(right, _item(_walk(left, at))))


def _filter(node: Node, at: Kind) -> Kind:
    left, right, condition = _children(node)
    item = _item(_walk(left, at))
    _walk(condition, item)
    return Many(_walk(right, item))


def _flatten(node: Node, at: Kind) -> Kind:
    found = _walk(_children(node)[0], at)
    item = _item(found)
    return item if isinstance(item, Many) else found


def _hash(node: Node, at: Kind) -> Kind:
    return Named({str(child["value"]): _walk(_children(child)[0], at) for child in _children(node)})


def _list(node: Node, at: Kind) -> Kind:
    for child in _children(node):
        _walk(child, at)
    return Many(ANY)


def _either(node: Node, at: Kind) -> Kind:
    """Both sides must resolve; what is known of one holds for the other."""
    kinds = [_walk(child, at) for child in _children(node)]
    return next((kind for kind in kinds if kind != ANY), ANY)


def _comparison(node: Node, at: Kind) -> Kind:
    for child in _children(node):
        _walk(child, at)
    return Leaf("boolean")


def _function(node: Node, at: Kind) -> Kind:
    for child in _children(node):
        _walk(child, at)
    return ANY


_RULES: Mapping[str, Callable[[Node, Kind], Kind]] = {
    "field": _field,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "index": _index,
    "projection": _projection,
    "filter_projection": _filter,
    "flatten": _flatten,
    "identity": lambda _node, at: at,
    "current": lambda _node, at: at,
    "multi_select_dict": _hash,
    "multi_select_list": _list,
    "or_expression": _either,
    "and_expression": _comparison,
    "comparator": _comparison,
    "literal": lambda _node, _at: ANY,
    "function_expression": _function,
}


def _shown(kind: Kind) -> str:
    match kind:
        case Leaf(name):
            return name
        case Many():
            return "a list"
        case Keyed():
            return "a map"
        case Named(_, name):
            return name or "a record"
