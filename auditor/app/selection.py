"""What of a project a run is made for: frameworks, controls, checks, targets, environments.

A name that does not exist is a usage error with the nearest name, never an empty success.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.app.expanding import expand_targets
from auditor.app.project import Project, check_known
from auditor.collectors.interface import CollectionContext
from auditor.core.model.control import Check, Control, query_types
from auditor.core.model.framework import Framework
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity, worst_severity
from auditor.core.model.target import Target
from auditor.errors import NothingEvaluatedError, UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """Names as the command line gives them; empty means all.

    Args:
        checks: `control/check`, or an id of the catalogue.
        severity: Only checks that can find something at least this bad.
    """

    frameworks: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    severity: Severity | None = None


def make_policy(
    project: Project, selection: Selection, context: CollectionContext | None = None
) -> Policy:
    """The policy of the selected part of a project.

    Args:
        context: To find out with which targets others stand for (the accounts of an organization);
            without it nothing is asked, and one target stands in their place.

    Raises:
        UsageError: A name that does not exist.
        NothingEvaluatedError: The selection leaves no check or no target.
    """
    _check_names(project, selection)
    frameworks = _frameworks(project, selection)
    controls = _controls(project, selection, frameworks)
    targets = _targets(project, selection)
    if not controls:
        raise NothingEvaluatedError(
            "no check is left by the selection", hint="auditor controls list"
        )
    if not targets:
        hint = "add targets to auditor.yaml, or let `auditor init` find some"
        raise NothingEvaluatedError("there is no target to look at", hint=hint)
    config = project.loaded.config
    expanded = expand_targets(project.collectors, targets, context)
    types = {check.resource for control in controls for check in control.checks}
    used = {check.collector for control in controls for check in control.checks}
    paths = {f"{control.id}/{check.id}" for control in controls for check in control.checks}
    return Policy(
        controls=controls,
        frameworks=frameworks,
        targets=expanded.targets,
        environments=tuple(config.environments),
        resource_types=project.collectors.resource_types(types) | query_types(controls),
        overrides={
            environment: {c.id: by_control[c.id] for c in controls if c.id in by_control}
            for environment, by_control in project.overrides.items()
        },
        kinds=project.collectors.kinds(sorted(used)),
        waivers=tuple(w for w in project.waivers if w.waiver.check in paths),
        inventory={name: list(members) for name, members in config.inventory.items()}
        | expanded.inventory,
        owners={r: [n for n in (p.name, p.email) if n] for r, p in config.owners.items()},
        organisation=config.organisation,
        engine=project.engine.name,
        limited=selection != Selection(),
    )


def _check_names(project: Project, selection: Selection) -> None:
    library = project.library
    checks = {f"{c.id}/{k.id}" for c in library.sorted_controls() for k in c.checks}
    catalogue = {
        k.catalogue for c in library.sorted_controls() for k in c.checks if k.catalogue is not None
    }
    problems = [
        *check_known("framework", selection.frameworks, library.frameworks),
        *check_known("control", selection.controls, library.controls),
        *check_known("check", selection.checks, checks | catalogue),
        *check_known("target", selection.targets, [t.name for t in project.targets]),
        *check_known("environment", selection.environments, project.loaded.config.environments),
    ]
    if problems:
        raise UsageError("\n".join(problems), hint="auditor controls list")


def _frameworks(project: Project, selection: Selection) -> tuple[Framework, ...]:
    chosen = selection.frameworks or project.loaded.config.frameworks
    return tuple(project.library.frameworks[name] for name in chosen)


def _controls(
    project: Project, selection: Selection, frameworks: Sequence[Framework]
) -> tuple[Control, ...]:
    names = {framework.id for framework in frameworks}
    result = []
    for control in project.library.sorted_controls():
        if selection.controls and control.id not in selection.controls:
            continue
        if not names & {name for name, mappings in control.maps.items() if mappings}:
            continue
        checks = _with_dependencies(
            control, [k for k in control.checks if _wanted(control, k, selection)]
        )
        if checks:
            result.append(control.model_copy(update={"checks": tuple(checks)}))
    return tuple(result)


def _wanted(control: Control, check: Check, selection: Selection) -> bool:
    named = {f"{control.id}/{check.id}", check.catalogue}
    if selection.checks and not named & set(selection.checks):
        return False
    if selection.severity is None:
        return True
    worst = worst_severity(assertion.severity for assertion in check.assert_)
    return worst.rank <= selection.severity.rank


def _with_dependencies(control: Control, checks: Sequence[Check]) -> list[Check]:
    """The checks and those they depend on: without them, emptiness would show nothing."""
    wanted = {check.id for check in checks}
    frontier = list(checks)
    while frontier:
        for other in frontier.pop().population.depends_on:
            if other not in wanted:
                wanted.add(other)
                frontier.append(control.check(other))
    return [check for check in control.checks if check.id in wanted]


def _targets(project: Project, selection: Selection) -> tuple[Target, ...]:
    return tuple(
        target
        for target in project.targets
        if (not selection.targets or target.name in selection.targets)
        and (not selection.environments or target.environment in selection.environments)
    )
