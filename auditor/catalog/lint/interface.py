"""What a lint rule is: an id, a level, a sentence, and a function over one control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from auditor.catalog.library import Library, LoadedControl
from auditor.catalog.types.checker import TypeChecker
from auditor.catalog.types.examined import Examined
from auditor.catalog.types.place import place_in_scalar
from auditor.catalog.types.roots import roots_of
from auditor.core.evaluate.compiled import Place, expressions_of
from auditor.core.expression.interface import Engine
from auditor.core.model.control import Check
from auditor.core.model.resource_type import ResourceType
from auditor.errors import Problem

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class LintContext:
    """What rules compare a control with.

    Args:
        resource_types: Every type of every collector that is known here, by name.
        collectors: Names of the collectors.
        checker, sites: Expressions examined so far: each is asked for by many rules.
    """

    library: Library
    resource_types: Mapping[str, ResourceType]
    collectors: frozenset[str]
    engine: Engine
    checker: TypeChecker = field(default_factory=TypeChecker)
    sites: dict[str, tuple[Site, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """One expression where it stands.

    Args:
        place: Inside its check: ("assert", 0, "expr").
        examined: What is known of it; None where it does not parse.
    """

    loaded: LoadedControl
    index: int
    check: Check
    place: Place
    text: str
    examined: Examined | None

    @property
    def is_assertion(self) -> bool:
        """It decides about a resource."""
        return self.place[0] == "assert"

    def problem(self, message: str, hint: str = "", *, offset: int = 0) -> Problem:
        """A problem at a character of the expression, with its line and column in the file."""
        source, at = self.loaded.source, ("checks", self.index, *self.place)
        if at not in source.values:  # a default: it is not written
            return source.problem(at, message, hint)
        line, column = place_in_scalar(source.text, source.values[at], self.text, offset)
        return Problem(f"{source.name}:{line}:{column}", message, hint)


_EXPECTED = {
    "key": "string",
    "member": "string",
    "expected": "list<string>",
    "window": "duration",
    "at": "timestamp",
}


def sites_of(loaded: LoadedControl, context: LintContext) -> tuple[Site, ...]:
    """Every expression of the control, examined once per context."""
    if loaded.control.id not in context.sites:
        context.sites[loaded.control.id] = tuple(_sites(loaded, context))
    return context.sites[loaded.control.id]


def _sites(loaded: LoadedControl, context: LintContext) -> Iterator[Site]:
    for index, check in enumerate(loaded.control.checks):
        roots = roots_of(loaded.control, context.resource_types.get(check.resource))
        for place, text, variables in expressions_of(check):
            if place[0] == "query" and ("checks", index, "query") not in loaded.source.keys:
                continue  # it stands at another check of the control, and is examined there
            seen = {name: of for name, of in roots.items() if name in variables}
            of_query = place[0] == "query"  # its values may have any type
            expected = "" if of_query else _EXPECTED.get(str(place[-1]), "bool")
            examined = context.checker.examine(text, seen, expected)
            yield Site(loaded, index, check, place, text, examined)


Run = Callable[[LoadedControl, LintContext], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One lint rule.

    Args:
        why: What goes wrong otherwise, and what to write instead, for the reference.
    """

    id: str
    level: Level
    summary: str
    run: Run
    why: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem, the rule that found it and the control it is in."""

    rule: Rule
    control: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.problem.where}: {self.rule.level}[{self.rule.id}]: {self.problem.message}"
