"""Rules about parameters."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, sites_of
from auditor.errors import Problem

_ORDERED = frozenset({"duration", "int", "double", "map<duration>"})


def _unused(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    examined = [site.examined for site in sites_of(loaded, context)]
    used = {
        read.path[1]
        for known in examined
        for read in (known.reads if known else ())
        if read.path[0] == "param" and len(read.path) > 1
    }
    for name in loaded.control.parameters:
        if name not in used and None not in examined:  # one that does not parse might use it
            message = f"no expression uses the parameter `{name}`"
            yield loaded.source.problem(("parameters", name), message, key=True)


def _loosest(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for name, parameter in loaded.control.parameters.items():
        if parameter.loosest is None and parameter.type in _ORDERED:
            message = f"`{name}` has no `loosest`: any value would be accepted"
            yield loaded.source.problem(("parameters", name), message, key=True)


PARAMETER_RULES = (
    Rule(
        "unused-parameter",
        "error",
        "Every parameter is used",
        _unused,
        "Somebody will set it and believe that it does something.",
    ),
    Rule(
        "loosest",
        "warning",
        "A parameter whose values have an order says the loosest allowed one",
        _loosest,
        "Without a bound a control can be loosened until it passes.",
    ),
)
