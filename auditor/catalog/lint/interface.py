"""What a lint rule is: an id, a level, a sentence, and a function over one control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.catalog.library import Library, LoadedControl
from auditor.core.expression.interface import Engine
from auditor.core.model.resource_type import ResourceType
from auditor.errors import Problem

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class LintContext:
    """What rules compare a control with.

    Args:
        resource_types: Every type of every collector that is known here, by name.
        collectors: Names of the collectors.
    """

    library: Library
    resource_types: Mapping[str, ResourceType]
    collectors: frozenset[str]
    engine: Engine


Run = Callable[[LoadedControl, LintContext], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One lint rule."""

    id: str
    level: Level
    summary: str
    run: Run


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem, the rule that found it and the control it is in."""

    rule: Rule
    control: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.problem.where}: {self.rule.level}[{self.rule.id}]: {self.problem.message}"
