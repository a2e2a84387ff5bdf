"""Rules about populations: keys, emptiness, schedules, and how old evidence may be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, Site, sites_of
from auditor.catalog.lint.names import names_something
from auditor.core.model.control import Check
from auditor.core.times import format_duration
from auditor.errors import Problem

_OVER_ALL = (("population", "expected"), ("population", "reconcile", "expr"))
_HAS = re.compile(r"\bhas\s*\(")


def _key(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.place != ("key",) or site.examined is None:
            continue
        for read in site.examined.reads:
            if read.nullable and not read.null_tested:
                message = f"the key reads `{'.'.join(read.path)}`, which may be null"
                yield site.problem(message, offset=read.offset)
        fields = [read for read in site.examined.reads if read.path[0] == "resource"]
        names = [read.path[-1] for read in fields if read.type is not None]
        if names and not any(names_something(name) for name in names):
            message = f"the key is made of {', '.join(names)}: two resources may have the same one"
            hint = "add a field that names the resource (arn, id, name, path)"
            yield site.problem(message, hint)


def _has(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        found = _HAS.search(site.text)
        if site.place in _OVER_ALL and found:
            message = "`has()` over all resources cannot tell a field that was not read"
            hint = "read the field itself: where it could not be read, the population is undecided"
            yield site.problem(message, hint, offset=found.start())


def _freshness(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    rhythm = loaded.control.evaluate
    limit = rhythm.every + rhythm.gap_tolerance
    for index, check in enumerate(loaded.control.checks):
        if check.freshness > limit and not _stated_freshness(check, context):
            message = (
                f"evidence may be {format_duration(check.freshness)} old, and the control is "
                f"evaluated every {format_duration(rhythm.every)}: one reading could serve twice"
            )
            yield loaded.source.problem(("checks", index, "freshness"), message)


def _stated_freshness(check: Check, context: LintContext) -> bool:
    """The catalogue has the same figure, or the check says why it departs from it."""
    entry = context.library.catalogue.get(check.catalogue or "")
    return entry is not None and (
        bool(check.differs) or entry.freshness in _forms(format_duration(check.freshness))
    )


def _forms(duration: str) -> tuple[str, ...]:
    """`7d` is also written `168h`."""
    days = duration.removesuffix("d")
    return (duration, f"{int(days) * 24}h") if days != duration else (duration,)


def _pass_stated(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        rules = check.population
        proven = rules.depends_on or rules.expected or rules.reconcile
        if rules.on_empty == "pass_stated" and not proven:
            hint = "add `depends_on`, `expected` or `reconcile`"
            message = "empty passes, and nothing shows that there is really nothing"
            yield loaded.source.problem(("checks", index, "population", "on_empty"), message, hint)


def _schedule(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    seen: set[int] = set()
    for site in sites_of(loaded, context):
        if site.place[:2] == ("population", "schedule") and site.index not in seen:
            seen.add(site.index)
            yield from _without_on_missing(site)


def _without_on_missing(site: Site) -> Iterator[Problem]:
    population = ("checks", site.index, "population")
    if (*population, "on_missing") not in site.loaded.source.keys:
        message = "a schedule without `on_missing`: say what an empty slot of time means"
        yield site.loaded.source.problem((*population, "schedule"), message)


POPULATION_RULES = (
    Rule(
        "key",
        "warning",
        "The key is never null and names the resource",
        _key,
        "Two resources with one key are both in error, and a key that is null is none.",
    ),
    Rule(
        "population-has",
        "error",
        "`expected` and `reconcile` do not ask `has()`",
        _has,
        "A field that was denied is absent, and `has()` of it false: an incomplete population "
        "would look complete.",
    ),
    Rule(
        "freshness",
        "warning",
        "Evidence is no older than one evaluation and its tolerance",
        _freshness,
        "Otherwise one reading serves for two evaluations, and a missing run goes unnoticed. The "
        "catalogue's own figure, or `differs`, is reason enough.",
    ),
    Rule(
        "pass-stated",
        "error",
        "`pass_stated` comes with proof that empty is empty",
        _pass_stated,
        "An empty list is also what a reader without permission sees.",
    ),
    Rule(
        "schedule",
        "warning",
        "A schedule says what a missing item means",
        _schedule,
        "A missing backup fails; a missing export of somebody else's system may be an error.",
    ),
)
