"""Rules about ids, resource types, dependencies and the catalogue of known checks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule
from auditor.catalog.source import did_you_mean
from auditor.core.model.control import Check, Control
from auditor.core.model.status import worst_severity
from auditor.core.times import format_duration, parse_duration
from auditor.errors import Problem


def _unique_ids(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    control = loaded.control
    for check_id, number in Counter(check.id for check in control.checks).items():
        if number > 1:
            yield loaded.source.problem(("checks",), f"{number} checks have the id `{check_id}`")
    for index, check in enumerate(control.checks):
        for assertion_id, number in Counter(a.id for a in check.assert_).items():
            if number > 1:
                at = ("checks", index, "assert")
                yield loaded.source.problem(at, f"{number} assertions have the id `{assertion_id}`")


def _known_resource(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        if check.collector not in context.collectors:
            nearest = did_you_mean(check.collector, context.collectors)
            message = f"no collector `{check.collector}`{nearest}"
            yield loaded.source.problem(("checks", index, "collector"), message)
            continue
        kind = context.resource_types.get(check.resource)
        at = ("checks", index, "resource")
        if kind is None:
            nearest = did_you_mean(check.resource, context.resource_types)
            yield loaded.source.problem(at, f"no resource type `{check.resource}`{nearest}")
        elif kind.collector != check.collector:
            message = f"`{check.resource}` belongs to the collector `{kind.collector}`"
            yield loaded.source.problem(at, message)


def _dependencies(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    control = loaded.control
    ids = {check.id for check in control.checks}
    for index, check in enumerate(control.checks):
        for other in check.population.depends_on:
            at = ("checks", index, "population", "depends_on")
            if other not in ids:
                yield loaded.source.problem(at, f"no check `{other}`{did_you_mean(other, ids)}")
            elif check.id in _reached(control, other, set()):
                yield loaded.source.problem(
                    at, f"`{check.id}` depends on itself by way of `{other}`"
                )


def _reached(control: Control, check_id: str, seen: set[str]) -> set[str]:
    if check_id in seen:
        return seen
    seen.add(check_id)
    for check in control.checks:
        if check.id == check_id:
            for other in check.population.depends_on:
                _reached(control, other, seen)
    return seen


def _catalogue(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        if check.catalogue is None or not context.library.catalogue:
            continue
        at = ("checks", index, "catalogue")
        if check.catalogue not in context.library.catalogue:
            nearest = did_you_mean(check.catalogue, context.library.catalogue)
            message = f"no check `{check.catalogue}` in the catalogue{nearest}"
            yield loaded.source.problem(at, message)
            continue
        departures = _departures(check, context)
        if departures and not check.differs:
            hint = "say why in `differs:`, or follow the catalogue"
            message = f"departs from the catalogue: {'; '.join(departures)}"
            yield loaded.source.problem(at, message, hint)


def _departures(check: Check, context: LintContext) -> list[str]:
    """Where severity, on_empty or freshness are not the catalogue's."""
    entry = context.library.catalogue[check.catalogue or ""]
    worst = worst_severity(assertion.severity for assertion in check.assert_).value
    freshness = format_duration(check.freshness)
    here = {
        "severity": (worst, entry.severity),
        "on_empty": (check.population.on_empty, entry.on_empty),
        "freshness": (freshness, format_duration(parse_duration(entry.freshness))),
    }
    return [
        f"{name} is {got}, there {wanted}" for name, (got, wanted) in here.items() if got != wanted
    ]


def _catalogue_once(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    elsewhere = {
        check.catalogue: f"{other}/{check.id}"
        for other, item in context.library.controls.items()
        if other != loaded.control.id
        for check in item.control.checks
    }
    seen: dict[str, str] = {}
    for index, check in enumerate(loaded.control.checks):
        if check.catalogue is None:
            continue
        first = seen.get(check.catalogue) or elsewhere.get(check.catalogue)
        if first:
            message = f"`{check.catalogue}` is tested already by {first}"
            yield loaded.source.problem(("checks", index, "catalogue"), message)
        seen[check.catalogue] = f"{loaded.control.id}/{check.id}"


def _cases(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    if not (loaded.folder / "tests" / "cases.yaml").is_file():
        message = "no tests/cases.yaml beside it: nothing shows that this control can fail"
        yield loaded.source.problem(("id",), message)


def _checks_with_cases(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    path = loaded.folder / "tests" / "cases.yaml"
    if not path.is_file():
        return  # the rule `cases` names it
    # A look for the names is enough here: `auditor controls test` reads the file in earnest.
    text = path.read_text("utf-8")
    for index, check in enumerate(loaded.control.checks):
        if not re.search(rf"(?<![\w-]){re.escape(check.id)}(?![\w-])", text):
            message = f"no case of tests/cases.yaml has evidence for `{check.id}`"
            yield loaded.source.problem(("checks", index, "id"), message)


STRUCTURE_RULES = (
    Rule(
        "unique-ids",
        "error",
        "Ids are unique within a control",
        _unique_ids,
        "Two checks of one id would share their findings and waivers.",
    ),
    Rule(
        "known-resource",
        "error",
        "Collector and resource type exist",
        _known_resource,
        "A type that no collector reads is never judged.",
    ),
    Rule(
        "dependencies",
        "error",
        "depends_on names other checks, without a circle",
        _dependencies,
        "A circle has no first check.",
    ),
    Rule(
        "catalogue",
        "error",
        "A check follows its catalogue entry or says why",
        _catalogue,
        "Severity, `on_empty` and `freshness` are the catalogue's unless `differs` gives a reason.",
    ),
    Rule(
        "catalogue-once",
        "warning",
        "A catalogue entry is tested by one check",
        _catalogue_once,
        "Two checks of one entry count one fact twice.",
    ),
    Rule(
        "cases",
        "warning",
        "A control has cases that prove it can fail",
        _cases,
        "A check that was never seen to fail may be unable to.",
    ),
    Rule(
        "check-cases",
        "warning",
        "Every check has evidence in a case",
        _checks_with_cases,
        "A check that was never seen to fail may be unable to.",
    ),
)
