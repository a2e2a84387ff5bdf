"""Rules about what a check says: it reads its resource, does not repeat itself, is finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, sites_of
from auditor.catalog.types.tree import call, shape
from auditor.core.model.control import Check
from auditor.core.model.status import Severity
from auditor.errors import Problem

_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|TBD)\b", re.ASCII)


def _reads_resource(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.examined is None or not (site.is_assertion or site.place == ("key",)):
            continue
        if not any(read.path[0] == "resource" for read in site.examined.reads):
            yield site.problem("it reads nothing of `resource`, so it is the same for each of them")


def _when_repeats(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    whens = {
        site.index: {shape(term) for term in _joined(site.examined.root)}
        for site in sites_of(loaded, context)
        if site.place == ("when",) and site.examined is not None
    }
    for site in sites_of(loaded, context):
        if not site.is_assertion or site.examined is None or site.index not in whens:
            continue
        if {shape(term) for term in _joined(site.examined.root)} <= whens[site.index]:
            message = "`when` says the same: a resource for which this is false is never judged"
            hint = "take it out of `when`, or the assertion can never be false"
            yield site.problem(message, hint)


def _joined(node: Any) -> list[Any]:
    """The terms that `&&` joins."""
    arguments = call(node, "_&&_")
    return [node] if arguments is None else [t for side in arguments for t in _joined(side)]


def _severity(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        if all(assertion.severity is Severity.INFO for assertion in check.assert_):
            message = (
                f"every assertion of `{check.id}` is of severity info: nothing would act on it"
            )
            yield loaded.source.problem(("checks", index, "assert"), message)


def _remediation(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        if not check.remediation.cli and not check.remediation.terraform:
            message = "the remediation names no command and no setting: give `cli` or `terraform`"
            yield loaded.source.problem(("checks", index, "remediation"), message)


def _unfinished(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    control = loaded.control
    texts: list[tuple[tuple[str | int, ...], str]]
    texts = [(("title",), control.title), (("statement",), control.statement)]
    for index, check in enumerate(control.checks):
        texts += [(("checks", index, *place), text) for place, text in _texts(check)]
    for at, text in texts:
        match = _UNFINISHED.search(text)
        if match:
            yield loaded.source.problem(at, f"`{match[0]}`: the text is not finished")


def _texts(check: Check) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("title",), check.title
    yield ("remediation", "text"), check.remediation.text
    yield ("remediation", "cli"), check.remediation.cli
    yield ("verify_by_hand",), check.verify_by_hand
    for number, assertion in enumerate(check.assert_):
        yield ("assert", number, "message"), assertion.message


CONTENT_RULES = (
    Rule(
        "reads-resource",
        "error",
        "Key and assertions read the resource",
        _reads_resource,
        "An expression that reads nothing of the resource gives one verdict for all of them.",
    ),
    Rule(
        "when-repeats",
        "error",
        "`when` does not repeat an assertion",
        _when_repeats,
        "A resource that breaks the assertion would be not applicable instead of failing.",
    ),
    Rule(
        "severity",
        "warning",
        "A check has an assertion above severity info",
        _severity,
        "Findings of severity info are nobody's work.",
    ),
    Rule(
        "remediation",
        "warning",
        "The remediation names a command or a setting",
        _remediation,
        "Who gets the finding should not have to search for the vendor's page.",
    ),
    Rule(
        "unfinished",
        "warning",
        "No text says TODO, FIXME, XXX or TBD",
        _unfinished,
        "Such a text would stand in a report.",
    ),
)
