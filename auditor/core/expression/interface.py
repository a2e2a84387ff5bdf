"""The seam between judgement and an engine of the Common Expression Language (CEL).

Judgement accepts only the booleans true and false. Everything else that an expression can end in
(null, a text, a missing field, a type error, an exhausted budget) is `UndecidedError`, which
becomes status error: there is no truthiness anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from auditor.core.expression.nodes import Node
from auditor.core.model.status import Cause

VariableType = str  # "dyn" | "timestamp" | "string" | "list" | "map"


class UndecidedError(Exception):
    """An expression ended in neither true nor false.

    Not an AuditorError: it never leaves judgement, which turns it into a finding.
    """

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A field path that an expression reads, from a variable downwards.

    Args:
        path: `("resource", "policy", "statements")`; stops where the path is computed.
        tested: Only its presence is asked (`has(...)`).
        position: Offset in characters from the start of the expression.
    """

    path: tuple[str, ...]
    tested: bool = False
    position: int = 0

    def overlaps(self, other: tuple[str, ...]) -> bool:
        """True when one of the paths lies within the other."""
        shorter = min(len(self.path), len(other))
        return self.path[:shorter] == other[:shorter]


@dataclass(frozen=True, slots=True)
class Truth:
    """What an assertion evaluated to.

    Args:
        value: The decided boolean.
        absorbed: Errors of terms that `||` or `&&` made irrelevant, one sentence each.
    """

    value: bool
    absorbed: tuple[str, ...] = ()


class Bound(Protocol):
    """Values of variables, converted once for the engine and used for many expressions."""


class Expression(Protocol):
    """A parsed and type-checked expression."""

    @property
    def source(self) -> str:
        """The text as written."""
        ...

    @property
    def node(self) -> Node:
        """Its tree, for explanations."""
        ...

    @property
    def references(self) -> frozenset[Reference]:
        """Every field path that evaluating may read."""
        ...

    @property
    def may_absorb(self) -> bool:
        """An error inside it can be hidden by a true: it has `||`, `exists` or their negations."""
        ...

    def truth(self, bound: Bound) -> Truth:
        """True or false.

        Raises:
            UndecidedError: Anything else.
        """
        ...

    def value(self, bound: Bound) -> object:
        """The plain Python value.

        Raises:
            UndecidedError: The expression ended in an error.
        """
        ...


class Engine(Protocol):
    """Compiles expressions and binds variables to values."""

    @property
    def name(self) -> str:
        """Name and version, as recorded with each run."""
        ...

    def compile(self, source: str, variables: Mapping[str, VariableType]) -> Expression:
        """The expression, checked against the variables.

        Raises:
            ExpressionError: Syntax or type error, with line and column inside `source`.
        """
        ...

    def bind(self, variables: Mapping[str, object], types: Mapping[str, VariableType]) -> Bound:
        """Values (JSON-like, with datetime and timedelta) for expressions over `types`."""
        ...
