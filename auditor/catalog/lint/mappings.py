"""Rules about frameworks, requirements and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule
from auditor.catalog.source import did_you_mean
from auditor.core.evaluate.compiled import expressions_of
from auditor.core.expression.interface import Engine
from auditor.core.model.control import Check, RequirementMapping
from auditor.errors import ExpressionError, Problem


def _requirements(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for framework_id, mappings in loaded.control.maps.items():
        framework = context.library.frameworks.get(framework_id)
        if framework is None:
            message = f"no framework `{framework_id}`" + did_you_mean(
                framework_id, context.library.frameworks
            )
            yield loaded.source.problem(("maps", framework_id), message, key=True)
            continue
        known = {requirement.id for requirement in framework.requirements}
        for index, mapping in enumerate(mappings):
            if mapping.id not in known:
                message = f"{framework_id} has no requirement `{mapping.id}`"
                nearest = did_you_mean(mapping.id, known)
                yield loaded.source.problem(("maps", framework_id, index), message + nearest)


def _requires(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for framework_id, mappings in loaded.control.maps.items():
        for index, mapping in enumerate(mappings):
            at = ("maps", framework_id, index, "requires")
            for message in unmet(loaded, mapping, {}):
                yield loaded.source.problem(at, message)


def unmet(
    loaded: LoadedControl, mapping: RequirementMapping, overrides: dict[str, object]
) -> Iterator[str]:
    """What the mapping requires of parameters and the values (defaults, overrides) do not meet."""
    parameters = loaded.control.parameters
    for name, requirement in mapping.requires.items():
        if name not in parameters:
            yield f"no parameter `{name}`{did_you_mean(name, parameters)}"
            continue
        value = overrides.get(name, parameters[name].default)
        try:
            met = parameters[name].meets(requirement, parameters[name].parse(value))
        except ValueError as error:
            yield f"`{name}`: {error}"
            continue
        if not met:
            yield f"`{name}` is {value}, and {mapping.id} requires {requirement}"


def _partial_says_gap(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for framework_id, mappings in loaded.control.maps.items():
        for index, mapping in enumerate(mappings):
            if mapping.strength == "partial" and not mapping.gap:
                message = f"the mapping to {mapping.id} is partial: say in `gap` what is not shown"
                yield loaded.source.problem(("maps", framework_id, index), message)


def _unused_parameters(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    used = {
        name for check in loaded.control.checks for name in _parameters_of(check, context.engine)
    }
    for name in loaded.control.parameters:
        if name not in used:
            message = f"no expression uses the parameter `{name}`"
            yield loaded.source.problem(("parameters", name), message, key=True)


def _parameters_of(check: Check, engine: Engine) -> Iterator[str]:
    for _place, source, variables in expressions_of(check):
        try:
            references = engine.compile(source, variables).references
        except ExpressionError:
            continue  # the rule `compiles` names it
        yield from (r.path[1] for r in references if r.path[0] == "param" and len(r.path) > 1)


MAPPING_RULES = (
    Rule("requirements", "error", "Mapped requirements exist", _requirements),
    Rule("requires", "error", "Defaults meet what the mappings require", _requires),
    Rule("partial-gap", "error", "A partial mapping says what it does not show", _partial_says_gap),
    Rule("unused-parameter", "error", "Every parameter is used", _unused_parameters),
)
