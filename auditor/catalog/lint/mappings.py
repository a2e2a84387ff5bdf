"""Rules about frameworks and the mappings to their requirements."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule
from auditor.catalog.source import did_you_mean
from auditor.core.model.control import RequirementMapping
from auditor.errors import Problem


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


def _quoted_ids(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    lines = loaded.source.text.splitlines()
    for framework_id, mappings in loaded.control.maps.items():
        for index in range(len(mappings)):
            place = loaded.source.values.get(("maps", framework_id, index, "id"))
            if place and lines[place[0] - 1][place[1] - 1] not in "\"'":
                message = "write the id of a requirement in quotes: YAML turns 5.30 into 5.3"
                yield loaded.source.problem(("maps", framework_id, index, "id"), message)


MAPPING_RULES = (
    Rule(
        "requirements",
        "error",
        "Mapped requirements exist",
        _requirements,
        "A mapping to a requirement that does not exist covers nothing.",
    ),
    Rule(
        "requires",
        "error",
        "Defaults meet what the mappings require",
        _requires,
        "A control whose default is looser than `requires` does not support that requirement.",
    ),
    Rule(
        "partial-gap",
        "error",
        "A partial mapping says what it does not show",
        _partial_says_gap,
        "The auditor has to know what else to test.",
    ),
    Rule(
        "quoted-id",
        "warning",
        "Ids of requirements stand in quotes",
        _quoted_ids,
        "YAML reads 5.30 as the number 5.3, which is another requirement.",
    ),
)
