"""Rules about errors that an expression could hide.

CEL lets `a || b` be true whatever happened to b, once a is true, and `a && b` false likewise;
`exists` and `all` are chains of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, Site, sites_of
from auditor.core.expression.cel_tree import may_hide_error
from auditor.errors import Problem

_POPULATION = (("population", "expected"), ("population", "reconcile", "expr"))


def _absorbs(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.examined is None or not may_hide_error(site.examined.root):
            continue
        if site.is_assertion and not _said(site):
            message = "`||` or `exists` could hide a term that cannot be read"
            hint = "say in `absorbs:` why that term then does not matter, or write `a ? true : b`"
            yield site.problem(message, hint)


def _said(site: Site) -> bool:
    number = site.place[1]
    return isinstance(number, int) and bool(site.check.assert_[number].absorbs)


def _absorbs_elsewhere(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.examined is None or not may_hide_error(site.examined.root):
            continue
        message = f"`||` or `exists` in `{site.place[-1]}` could hide a term that cannot be read"
        if site.place == ("when",):
            yield site.problem(message, "write `a ? true : b` for `a || b`")
        elif site.place in _POPULATION and not site.check.population.absorbs:
            hint = "say in `population.absorbs:` why that term then does not matter"
            yield site.problem(message, hint)


ABSORPTION_RULES = (
    Rule(
        "absorbs",
        "error",
        "No term of an assertion hides another's error unsaid",
        _absorbs,
        "`a || b` passes although b could not be read. Where that is right, `absorbs:` says why; "
        "where it is not, `a ? true : b` asks in order.",
    ),
    Rule(
        "absorbs-elsewhere",
        "error",
        "`when`, `expected` and `reconcile` hide no error",
        _absorbs_elsewhere,
        "An error hidden in `expected` or `reconcile` can make an incomplete population look "
        "complete. Where one good item is enough, `population.absorbs:` says so.",
    ),
)
