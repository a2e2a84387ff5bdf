"""Lint: what one field alone cannot tell. One family of rules per file; this is their register."""

from __future__ import annotations

from auditor.catalog.lint.absorption import ABSORPTION_RULES
from auditor.catalog.lint.contents import CONTENT_RULES
from auditor.catalog.lint.expressions import EXPRESSION_RULES
from auditor.catalog.lint.interface import Diagnostic, LintContext, Rule
from auditor.catalog.lint.mappings import MAPPING_RULES
from auditor.catalog.lint.parameters import PARAMETER_RULES
from auditor.catalog.lint.population import POPULATION_RULES
from auditor.catalog.lint.queries import QUERY_RULES
from auditor.catalog.lint.redaction import REDACTION_RULES
from auditor.catalog.lint.structure import STRUCTURE_RULES
from auditor.catalog.lint.vacuity import VACUITY_RULES

RULES: tuple[Rule, ...] = (
    *STRUCTURE_RULES,
    *MAPPING_RULES,
    *PARAMETER_RULES,
    *EXPRESSION_RULES,
    *ABSORPTION_RULES,
    *VACUITY_RULES,
    *POPULATION_RULES,
    *CONTENT_RULES,
    *REDACTION_RULES,
    *QUERY_RULES,
)


def lint(context: LintContext) -> list[Diagnostic]:
    """Every problem that any rule finds in any control, in order of place."""
    found = [
        Diagnostic(rule, control_id, problem)
        for control_id, loaded in sorted(context.library.controls.items())
        for rule in RULES
        for problem in rule.run(loaded, context)
    ]
    return sorted(found, key=lambda diagnostic: split_place(diagnostic.problem.where))


def split_place(where: str) -> tuple[str, int, int]:
    """File, line and column of `file:line:column`; 0 where they are not stated."""
    file, _, rest = where.partition(":")
    line, _, column = rest.partition(":")
    return file, int(line or 0), int(column or 0)


__all__ = ["RULES", "Diagnostic", "LintContext", "Rule", "lint", "split_place"]
