"""Rules about expressions: they compile, read what exists, and fit the declared types."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, sites_of
from auditor.catalog.lint.names import names_something
from auditor.catalog.source import did_you_mean
from auditor.catalog.types.roots import roots_of
from auditor.core.evaluate.compiled import expressions_of
from auditor.core.evaluate.judge import message_paths
from auditor.core.model.fields import FieldType, Record
from auditor.errors import ExpressionError, Problem


def _compiles(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    variables = {
        (index, place): names
        for index, check in enumerate(loaded.control.checks)
        for place, _text, names in expressions_of(check)
    }
    for site in sites_of(loaded, context):
        try:
            context.engine.compile(site.text, variables[site.index, site.place])
        except ExpressionError as error:
            lines = site.text.split("\n")[: error.line - 1]
            offset = sum(len(line) + 1 for line in lines) + error.column - 1
            yield site.problem(f"{error.message} (in `{site.text}`)", offset=offset)


def _known_fields(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        for fault in site.examined.unknown if site.examined else ():
            yield site.problem(fault.message, offset=fault.offset)
    yield from _known_in_messages(loaded, context)


def _known_in_messages(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        roots = roots_of(loaded.control, context.resource_types.get(check.resource))
        for number, assertion in enumerate(check.assert_):
            at = ("checks", index, "assert", number, "message")
            for path in message_paths(assertion.message):
                message = _unknown(path, roots)
                if message:
                    yield loaded.source.problem(at, f"message: {message}")


def _unknown(path: tuple[str, ...], roots: dict[str, FieldType]) -> str:
    """What is wrong with a path of a message, or nothing."""
    root, *rest = path
    if root not in roots or root == "resources":
        return f"`{root}` is no variable{did_you_mean(root, roots)}"
    current, walked = roots[root], root
    for name in rest:
        if not isinstance(current, Record):
            return ""
        if name not in current.fields:
            return f"`{walked}` has no field `{name}`{did_you_mean(name, current.fields)}"
        current = current.fields[name]
        walked = f"{walked}.{name}"
    return ""


def _types(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.check.resource not in context.resource_types or site.examined is None:
            continue  # the rules `known-resource` and `compiles` name it
        for fault in site.examined.ill_typed:
            yield site.problem(fault.message, offset=fault.offset)


def _never_null(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        for read in site.examined.reads if site.examined else ():
            if read.type is None or read.nullable or not (read.tested or read.null_tested):
                continue
            asked = "`has` asks whether it is there" if read.tested else "it is compared with null"
            hint = "a field that could not be read is an error already: take the test out"
            message = f"`{'.'.join(read.path)}` is never null, and {asked}"
            yield site.problem(message, hint, offset=read.offset)


def _message_names_resource(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.place != ("key",) or site.examined is None:
            continue
        keys = {read.path for read in site.examined.reads if read.path[0] == "resource"}
        for number, assertion in enumerate(site.check.assert_):
            paths = [path for path in message_paths(assertion.message) if path[0] == "resource"]
            if not any(path in keys or names_something(path[-1]) for path in paths):
                at = ("checks", site.index, "assert", number, "message")
                named = " or ".join(sorted("{" + ".".join(path) + "}" for path in keys))
                message = f"the message does not say which resource: name {named or 'its key'}"
                yield loaded.source.problem(at, message)


EXPRESSION_RULES = (
    Rule(
        "compiles",
        "error",
        "Every expression parses",
        _compiles,
        "An expression that does not parse judges nothing.",
    ),
    Rule(
        "known-field",
        "error",
        "Fields, facts and parameters that are read exist",
        _known_fields,
        "A misspelt field is missing from every resource: the check could only ever end in error. "
        "Also found inside macros, and in the places of a message.",
    ),
    Rule(
        "types",
        "error",
        "Operators and functions get the types that they take",
        _types,
        '`resource.port == "22"` is never true when the port is a number. The types are those '
        "that the resource type and the parameters declare.",
    ),
    Rule(
        "never-null",
        "error",
        "Only what may be null is tested for null or presence",
        _never_null,
        "A field without `?` in its declaration is there, or the finding is an error. Testing for "
        "it suggests another reading, and hides a wrong idea of the evidence.",
    ),
    Rule(
        "message",
        "error",
        "A message names the resource, by its key or another name",
        _message_names_resource,
        "A list of findings is read without their headings.",
    ),
)
