"""Frameworks, chapter by chapter: what was tested about each requirement, and what was not.

No requirement is ever called met: it shows tested, not tested, deviations and undecided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.control import RequirementMapping
from auditor.core.model.framework import Framework, Group
from auditor.core.model.status import ControlStatus
from auditor.core.rollup import ControlResult, RequirementResult

STATES = (
    "deviations",
    "undecided",
    "partly_tested",
    "tested",
    "not_applicable",
    "not_tested",
    "no_control",
)
"""Worst first; the words are in `glossary.REQUIREMENT_LABEL`."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A control as one requirement sees it."""

    result: ControlResult
    mapping: RequirementMapping


@dataclass(frozen=True, slots=True)
class RequirementView:
    """A requirement, its state, and the controls mapped to it."""

    result: RequirementResult
    state: str
    mapped: tuple[Mapped, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """A chapter of a framework."""

    group: Group
    rows: tuple[RequirementView, ...]

    @property
    def states(self) -> dict[str, int]:
        """Number of requirements by state; every state is there, also with 0."""
        return count_states(self.rows)


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """A framework with all of its requirements, also those that no control is mapped to."""

    framework: Framework
    groups: tuple[GroupView, ...]

    @property
    def states(self) -> dict[str, int]:
        """Number of requirements by state; every state is there, also with 0."""
        return count_states([row for group in self.groups for row in group.rows])


def count_states(rows: Sequence[RequirementView]) -> dict[str, int]:
    """Number of requirements by state, worst first."""
    found = Counter(row.state for row in rows)
    return {state: found[state] for state in STATES}


def framework_views(assessment: Assessment) -> list[FrameworkView]:
    """Every framework of the run, in the order of the run."""
    results = {result.control.id: result for result in assessment.controls}
    views = []
    for framework in assessment.frameworks:
        own = [r for r in assessment.requirements if r.framework == framework.id]
        rows = {result.id: _requirement(result, results) for result in own}
        groups = tuple(
            GroupView(
                group,
                tuple(
                    rows[requirement.id]
                    for requirement in framework.requirements
                    if requirement.group == group.id and requirement.id in rows
                ),
            )
            for group in framework.groups
        )
        views.append(FrameworkView(framework, groups))
    return views


def _requirement(result: RequirementResult, controls: dict[str, ControlResult]) -> RequirementView:
    mapped = tuple(
        Mapped(controls[control_id], mapping)
        for control_id in result.controls
        for mapping in controls[control_id].control.maps.get(result.framework, ())
        if mapping.id == result.id
    )
    return RequirementView(result, _state(result, [item.result.status for item in mapped]), mapped)


def _state(result: RequirementResult, statuses: Sequence[ControlStatus]) -> str:
    """The first of `STATES` that holds, except that without a control nothing else is asked."""
    holds = {
        "no_control": not result.controls,
        "deviations": result.deviations > 0,
        "undecided": result.undecided > 0,
        "not_tested": not result.tested and bool(result.not_tested),
        "partly_tested": bool(result.not_tested),
        "not_applicable": set(statuses) == {ControlStatus.NOT_APPLICABLE},
    }
    return next((state for state, is_so in holds.items() if is_so), "tested")
