"""Rules about expressions: they compile, read what exists, and hide no error."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule
from auditor.catalog.source import Location, did_you_mean
from auditor.core.evaluate.compiled import Place, expressions_of
from auditor.core.evaluate.judge import message_paths
from auditor.core.expression.interface import Expression
from auditor.core.model.control import Check
from auditor.core.model.fields import FieldType, Record
from auditor.errors import ExpressionError, Problem


def _compiles(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        for place, source, variables in expressions_of(check):
            try:
                context.engine.compile(source, variables)
            except ExpressionError as error:
                at: Location = ("checks", index, *place)
                inside = f"expression column {error.column}"
                yield loaded.source.problem(at, f"{error.message} ({inside} of `{source}`)")


def _compiled(check: Check, context: LintContext) -> Iterator[tuple[Place, Expression]]:
    """Those expressions of the check that compile."""
    for place, source, variables in expressions_of(check):
        try:
            yield place, context.engine.compile(source, variables)
        except ExpressionError:
            continue  # the rule `compiles` names it


def _known_fields(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        kind = context.resource_types.get(check.resource)
        if kind is None:
            continue  # the rule `known-resource` names it
        roots: dict[str, FieldType] = {"resource": kind.fields, "facts": kind.facts}
        for place, expression in _compiled(check, context):
            at: Location = ("checks", index, *place)
            for reference in sorted(expression.references):
                message = _unknown(reference.path, roots, loaded)
                if message:
                    yield loaded.source.problem(at, message)
        for number, assertion in enumerate(check.assert_):
            at = ("checks", index, "assert", number, "message")
            for path in message_paths(assertion.message):
                message = _unknown(path, roots, loaded)
                if message:
                    yield loaded.source.problem(at, f"message: {message}")


def _unknown(path: tuple[str, ...], roots: dict[str, FieldType], loaded: LoadedControl) -> str:
    """What is wrong with a path, or nothing."""
    root, *rest = path
    if root == "param" and rest and rest[0] not in loaded.control.parameters:
        return f"no parameter `{rest[0]}`{did_you_mean(rest[0], loaded.control.parameters)}"
    current = roots.get(root)
    walked = root
    for name in rest:
        if not isinstance(current, Record):
            return ""
        if name not in current.fields:
            return f"`{walked}` has no field `{name}`{did_you_mean(name, current.fields)}"
        current = current.fields[name]
        walked = f"{walked}.{name}"
    return ""


def _absorbed(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        for place, expression in _compiled(check, context):
            if place[0] != "assert" or not isinstance(place[1], int):
                continue
            if expression.may_absorb and not check.assert_[place[1]].absorbs:
                message = "`||` or `exists` could hide a term that cannot be read"
                hint = (
                    "say in `absorbs:` why that term then does not matter, or split the assertion"
                )
                yield loaded.source.problem(("checks", index, *place), message, hint)


def _message_names_resource(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        for number, assertion in enumerate(check.assert_):
            if not any(path[0] == "resource" for path in message_paths(assertion.message)):
                at = ("checks", index, "assert", number, "message")
                yield loaded.source.problem(at, "the message does not name the resource")


EXPRESSION_RULES = (
    Rule("compiles", "error", "Every expression parses and type-checks", _compiles),
    Rule("known-field", "error", "Fields, facts and parameters that are read exist", _known_fields),
    Rule("absorbs", "error", "No term can hide another's error unsaid", _absorbed),
    Rule("message", "error", "A message names the resource", _message_names_resource),
)
