"""The rule about `all` over a list that may be empty: then it is true, and nothing was judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, Site, sites_of
from auditor.catalog.types.tree import call, kind, shape
from auditor.core.expression import cel_tree
from auditor.errors import Problem

_OR, _AND, _NOT, _IF = "_||_", "_&&_", "!_", "_?_:_"
Known = frozenset[bytes]  # shapes of lists that are not empty here


def _vacuous(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.examined is None or not site.is_assertion or _said(site):
            continue
        for node in _empty_passes(site.examined.root, frozenset(), wanted=True):
            if _never_empty(site, node):
                continue
            hint = "write `size(x) > 0 && x.all(...)`, or say in `vacuous:` why empty is good"
            message = "true for an empty list, where nothing is judged"
            yield site.problem(message, hint, offset=_macro(site.text, site.examined.offset(node)))


def _macro(text: str, offset: int) -> int:
    """Where the name of the macro stands whose parenthesis is at the offset."""
    name = re.search(r"\w+\s*$", text[:offset], re.ASCII)
    return name.start() if name else offset


def _said(site: Site) -> bool:
    number = site.place[1]
    return isinstance(number, int) and bool(site.check.assert_[number].vacuous)


def _empty_passes(node: Any, known: Known, *, wanted: bool) -> Iterator[Any]:
    """Loops that give `wanted` for an empty list and stand where `wanted` helps to pass."""
    if (arguments := call(node, _NOT)) is not None:
        yield from _empty_passes(arguments[0], known, wanted=not wanted)
    elif (arguments := call(node, _AND, _OR)) is not None:
        joined = known
        if node.call_expr.function == (_AND if wanted else _OR):
            joined = known.union(*(_non_empty(side, truth=wanted) for side in arguments))
        for side in arguments:
            yield from _empty_passes(side, joined, wanted=wanted)
    elif (arguments := call(node, _IF)) is not None:
        condition, yes, no = arguments
        yield from _empty_passes(yes, known | _non_empty(condition, truth=True), wanted=wanted)
        yield from _empty_passes(no, known | _non_empty(condition, truth=False), wanted=wanted)
    elif kind(node) == "comprehension_expr":
        yield from _loop(node, known, wanted=wanted)


def _loop(node: Any, known: Known, *, wanted: bool) -> Iterator[Any]:
    """`all` (or, under a negation, `exists`), and the same inside its condition."""
    loop = node.comprehension_expr
    folded = call(loop.loop_step, _AND if wanted else _OR)
    if folded is not None and shape(loop.iter_range) not in known:
        yield node
    either = folded or call(loop.loop_step, _OR if wanted else _AND)
    if either is not None:
        yield from _empty_passes(either[1], known, wanted=wanted)


def _non_empty(node: Any, *, truth: bool) -> Known:
    """The lists that are surely not empty when the node has that truth."""
    if (arguments := call(node, _NOT)) is not None:
        return _non_empty(arguments[0], truth=not truth)
    if (arguments := call(node, _AND if truth else _OR)) is not None:
        return _non_empty(arguments[0], truth=truth) | _non_empty(arguments[1], truth=truth)
    for counted, function, limit in _comparisons(node):
        if _excludes_zero(function, limit, truth=truth):
            return frozenset([shape(counted)])
    return frozenset()


def _comparisons(node: Any) -> Iterator[tuple[Any, str, int]]:
    """`size(x) OP n`, also mirrored: x, the operator, n."""
    for function, mirrored in _MIRRORED.items():
        sides = call(node, function)
        if sides is None:
            continue
        for (counted, number), operator in (
            ((sides[0], sides[1]), function),
            ((sides[1], sides[0]), mirrored),
        ):
            size = call(counted, "size")
            if size is not None and kind(number) == "const_expr":
                yield size[0], operator, int(number.const_expr.int64_value)


_MIRRORED = {
    "_>_": "_<_",
    "_>=_": "_<=_",
    "_<_": "_>_",
    "_<=_": "_>=_",
    "_==_": "_==_",
    "_!=_": "_!=_",
}


def _excludes_zero(function: str, limit: int, *, truth: bool) -> bool:
    holds_for_zero = {
        "_>_": limit < 0,
        "_>=_": limit <= 0,
        "_<_": limit > 0,
        "_<=_": limit >= 0,
        "_==_": limit == 0,
        "_!=_": limit != 0,
    }[function]
    return holds_for_zero is not truth


def _never_empty(site: Site, node: Any) -> bool:
    """A literal list with members, or a parameter whose default has some."""
    over = node.comprehension_expr.iter_range
    if kind(over) == "list_expr":
        return len(over.list_expr.elements) > 0
    path = cel_tree.static_path(over) or ()
    parameter = site.loaded.control.parameters.get(path[1]) if len(path) > 1 else None
    return path[:1] == ("param",) and parameter is not None and bool(parameter.default)


VACUITY_RULES = (
    Rule(
        "vacuous",
        "error",
        "`all` over a list that may be empty says why that is good",
        _vacuous,
        "`rules.all(...)` and `!rules.exists(...)` are true when there are no rules. Where that is "
        "the good case, `vacuous:` says so; else `size(rules) > 0 &&` stands before it.",
    ),
)
