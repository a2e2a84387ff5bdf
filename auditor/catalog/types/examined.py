"""What is known of one expression: its tree, the fields that it reads, and its faults.

The walk over the tree knows every field by name, also inside macros and of lists that may be null,
and names the nearest one. Operators and functions are the checker's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from auditor.catalog.source import did_you_mean
from auditor.catalog.types.tree import (
    ITEM,
    VALUE,
    Path,
    Scope,
    Term,
    call,
    infer,
    is_null,
    kind,
    walk,
)
from auditor.core.model.fields import FieldType, Record


@dataclass(frozen=True, slots=True)
class Read:
    """A field that an expression reads.

    Args:
        path: From the variable; `[]` stands for the elements of a list, `{}` for those of a map.
        type: Its declared type; None where that is unknown.
        tested: Only its presence is asked (`has`).
        null_tested: It is compared with null.
        offset: Where, in characters from the start of the expression.
    """

    path: Path
    type: FieldType | None
    nullable: bool
    tested: bool
    null_tested: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that cannot be right, at an offset inside the expression.

    Args:
        name: Of the field that does not exist; "" where the fault is another one.
    """

    offset: int
    message: str
    name: str = ""


@dataclass(frozen=True)
class Examined:
    """An expression that parses, with its tree and everything typed about it.

    Args:
        checked: `CheckedExpr` under undeclared types; `unknown` are fields that do not exist,
            `ill_typed` operands and results that cannot be right.
    """

    source: str
    checked: Any
    scope: Scope
    ill_typed: tuple[Fault, ...] = field(default=())

    @property
    def root(self) -> Any:
        """The outermost node."""
        return self.checked.expr

    def offset(self, node: Any) -> int:
        """Where a node stands; operators and selections count from their sign."""
        return int(self.checked.source_info.positions.get(node.id, 0))

    @cached_property
    def nodes(self) -> tuple[tuple[Any, Scope], ...]:
        """Every node with its scope, outer before inner."""
        return tuple(walk(self.root, self.scope))

    @cached_property
    def unknown(self) -> tuple[Fault, ...]:
        """Fields that do not exist, each once."""
        found: dict[int, Fault] = {}
        for node, scope in self.nodes:
            term = infer(node, scope) if kind(node) in ("select_expr", "call_expr") else None
            if term is None or term.record is None or not _is_member(node):
                continue
            owner = shown_path(term.path[:-1]) or "the record"
            nearest = did_you_mean(term.missing, term.record.fields)
            offset = self._name_offset(node)
            message = f"`{owner}` has no field `{term.missing}`{nearest}"
            found[offset] = Fault(offset, message, term.missing)
        return tuple(found.values())

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """Every field path that is read, the longest of each chain, and lists that are walked."""
        null_tested = {
            id_
            for node, _ in self.nodes
            for pair in [call(node, "_==_", "_!=_")]
            if pair and any(is_null(side) for side in pair)
            for id_ in (side.id for side in pair)
        }
        inside = {child.id for node, _ in self.nodes for child in _continued(node)}
        found = []
        for node, scope in self.nodes:
            term = infer(node, scope)
            chain = kind(node) in ("ident_expr", "select_expr") or call(node, "_[_]") is not None
            if not chain or not term.path or node.id in inside or _passes_on(node, term):
                continue
            tested = kind(node) == "select_expr" and node.select_expr.test_only
            found.append(
                Read(
                    term.path,
                    term.type,
                    term.nullable,
                    tested,
                    node.id in null_tested,
                    self._name_offset(node),
                )
            )
        return tuple(found)

    def _name_offset(self, node: Any) -> int:
        """Where the name of a selected field stands; `has` and selections count from elsewhere."""
        offset = self.offset(node)
        if kind(node) != "select_expr":
            return offset
        found = re.compile(rf"\.\s*{node.select_expr.field}\b").search(self.source, offset)
        return found.end() - len(node.select_expr.field) if found else offset


def shown_path(path: Path) -> str:
    """`resource.rules[].world`, as people write it."""
    text = ""
    for part in path:
        text += part if part in (ITEM, VALUE) else f".{part}"
    return text.removeprefix(".")


def _is_member(node: Any) -> bool:
    """A selection or an index: where a field is asked for, not a term that passes it on."""
    return kind(node) == "select_expr" or call(node, "_[_]") is not None


def _continued(node: Any) -> Iterator[Any]:
    """The operand that this node continues as a path."""
    if kind(node) == "select_expr":
        yield node.select_expr.operand
    elif (arguments := call(node, "_[_]")) is not None:
        yield arguments[0]


def _passes_on(node: Any, term: Term) -> bool:
    """A loop variable that stands for a record: what is read is said by its selections."""
    return kind(node) == "ident_expr" and term.path[-1] == ITEM and isinstance(term.type, Record)
