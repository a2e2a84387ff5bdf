"""Why an expression is false or undecided: the terms that decided, the values that they read.

A leaf is a term that is not joined by `&&`, `||`, `!`, `?:` or a macro. A leaf decides when the
result follows from it; all leaves that decide are told, with the document's path in place of a
loop variable. A counterfactual ("would pass if ...") is stated only where one leaf alone turns the
result to true, which is tried, not inferred. The walker evaluates, whichever engine gave the
verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from auditor.core.expression.masking import PERSONAL, Masking
from auditor.core.expression.nodes import (
    AND,
    IF,
    NOT,
    OR,
    Bind,
    Call,
    Const,
    Fold,
    Ident,
    Node,
    Select,
    children,
)
from auditor.core.expression.scope import Scope
from auditor.core.expression.trace import Line, Trace
from auditor.core.expression.unparse import text_of
from auditor.core.expression.values import EvaluationError, Value, show
from auditor.core.expression.walker import Walker

MAX_LINES = 8
_NOTHING_MASKED = Masking()
_MAX_TERM = 160
_INVERSE = {
    "_==_": "_!=_",
    "_!=_": "_==_",
    "_<_": "_>=_",
    "_<=_": "_>_",
    "_>_": "_<=_",
    "_>=_": "_<_",
}


class Explainable(Protocol):
    """An expression of any engine that can show its tree."""

    @property
    def node(self) -> Node:
        """The tree."""
        ...


@dataclass(frozen=True, slots=True)
class _Leaf:
    node: Node
    scope: Scope
    line: Line


def explain(
    expression: Explainable,
    variables: Mapping[str, Value],
    *,
    limit: int = MAX_LINES,
    masking: Masking = _NOTHING_MASKED,
) -> Trace:
    """The terms that decided the result.

    Args:
        variables: What the expression was evaluated with, before any conversion.
        limit: Lines at most; the number of the others is told.
        masking: Values that are not told.
    """
    root, scope = expression.node, Scope.of(variables)
    outcome, _ = _outcome(root, scope)
    leaves: dict[Line, _Leaf] = {}
    for found in _deciding(root, scope):
        leaf = _masked(found, masking) if masking.paths else found
        leaves.setdefault(leaf.line, leaf)
    kept = list(leaves.values())[:limit]
    turning = tuple(
        dict.fromkeys(_wanted(leaf) for leaf in kept if outcome == "false" and _turns(root, leaf))
    )
    lines = tuple(leaf.line for leaf in kept)
    return Trace(outcome, lines, len(leaves) - len(kept), turning)


def _masked(leaf: _Leaf, masking: Masking) -> _Leaf:
    """The leaf without personal values; an error's sentence may quote one."""
    line = leaf.line
    values = tuple((path, masking.shown(path, value)) for path, value in line.values)
    detail = line.detail
    if detail and not masking.reveal:
        reads = any(masking.hides(path) for path, _ in _read(leaf.node, leaf.scope))
        detail = f"`{line.term}` ended in an error: {PERSONAL}" if reads else detail
    return replace(leaf, line=replace(line, values=values, detail=detail))


def _outcome(node: Node, scope: Scope) -> tuple[str, str]:
    """`true`, `false` or `error`, and the sentence of the error."""
    try:
        return ("true" if Walker().truth(node, scope) else "false"), ""
    except EvaluationError as error:
        return "error", error.detail
    except RecursionError:
        return "error", "values are nested too deeply"


def _deciding(node: Node, scope: Scope) -> Iterator[_Leaf]:
    """The leaves that the outcome of a term follows from."""
    match node:
        case Call(function=function) if function in (AND, OR):
            outcome, _ = _outcome(node, scope)
            for argument in node.args:
                if _outcome(argument, scope)[0] == outcome:
                    yield from _deciding(argument, scope)
        case Call(function=function) if function == NOT:
            yield from _deciding(node.args[0], scope)
        case Call(function=function) if function == IF:
            yield from _branch(node, scope)
        case Bind():
            yield from _bound(node, scope)
        case Fold(kind="all" | "exists"):
            yield from _elements(node, scope)
        case _:
            yield _leaf(node, scope)


def _branch(node: Call, scope: Scope) -> Iterator[_Leaf]:
    test, yes, no = node.args
    tested, _ = _outcome(test, scope)
    chosen = {"true": yes, "false": no}.get(tested)
    # A literal as branch says nothing: then the test has decided.
    if not isinstance(chosen, Const) and chosen is not None:
        yield from _deciding(chosen, scope)
    else:
        yield from _deciding(test, scope)


def _bound(node: Bind, scope: Scope) -> Iterator[_Leaf]:
    try:
        inner = Walker().bound(node, scope)
    except EvaluationError:
        yield _leaf(node.value, scope)
        return
    yield from _deciding(node.body, inner)


def _elements(node: Fold, scope: Scope) -> Iterator[_Leaf]:
    """Of `all` the elements that failed it, of `exists` every one that did not match."""
    outcome, _ = _outcome(node, scope)
    found = False
    try:
        for inner in Walker().scopes(node, scope):
            if node.condition is not None and _outcome(node.condition, inner)[0] == outcome:
                found = True
                yield from _deciding(node.condition, inner)
    except EvaluationError:
        found = False
    if not found:
        yield _leaf(node, scope)


def _leaf(node: Node, scope: Scope) -> _Leaf:
    outcome, detail = _outcome(node, scope)
    read = dict(_read(node, scope)) if outcome != "error" else {}
    line = Line(text_of(_placed(node, scope), _MAX_TERM), outcome, tuple(read.items()), detail)
    return _Leaf(node, scope, line)


def _read(node: Node, scope: Scope) -> Iterator[tuple[str, str]]:
    """The longest paths in a term, and their values."""
    if isinstance(node, Select) and node.tested:
        asked = scope.path(replace(node, tested=False))
        if asked is not None:
            yield asked, "(present)" if _outcome(node, scope)[0] == "true" else "(absent)"
            return
    path = None if isinstance(node, Const) else scope.path(node)
    if path is not None:
        try:
            yield path, show(Walker().value(node, scope))
        except EvaluationError:
            yield path, "(absent)"
        return
    parts = (node.over,) if isinstance(node, Fold) else children(node)
    for part in parts:
        yield from _read(part, scope)


def _placed(node: Node, scope: Scope) -> Node:
    """The term with paths in place of loop variables."""
    match node:
        case Ident():
            return replace(node, name=scope.paths.get(node.name) or node.name)
        case Select():
            return replace(node, operand=_placed(node.operand, scope))
        case Call():
            return replace(node, args=tuple(_placed(part, scope) for part in node.args))
        case _:
            return node


def _wanted(leaf: _Leaf) -> str:
    """The text of what the leaf would have to say instead."""
    placed = _placed(leaf.node, leaf.scope)
    if leaf.line.outcome == "false":
        return text_of(placed, _MAX_TERM)
    if isinstance(placed, Call) and placed.function in _INVERSE:
        return text_of(replace(placed, function=_INVERSE[placed.function]), _MAX_TERM)
    return text_of(Call(NOT, (placed,)), _MAX_TERM)


def _turns(root: Node, leaf: _Leaf) -> bool:
    """True when the opposite of this leaf alone makes the whole true."""
    walker = _Flipped(leaf)
    try:
        return walker.truth(root, Scope.of(leaf.scope.root))
    except EvaluationError:
        return False


class _Flipped(Walker):
    """Evaluates with the opposite outcome of one leaf."""

    def __init__(self, leaf: _Leaf) -> None:
        super().__init__()
        self._leaf = leaf

    def value(self, node: Node, scope: Scope) -> Value:
        """The value, or the opposite for the leaf."""
        if node is self._leaf.node and scope.paths == self._leaf.scope.paths:
            return self._leaf.line.outcome != "true"
        return super().value(node, scope)
