"""What was judged on living systems, and what on what is written down."""

from __future__ import annotations

from auditor.core.model.assessment import Assessment


def judged_on(assessment: Assessment) -> str:
    """A sentence with the numbers of checks; "" where every target is a living system."""
    declared = {target.name for target in assessment.targets if target.declared}
    if not declared:
        return ""
    checks: dict[bool, set[str]] = {True: set(), False: set()}
    for finding in assessment.findings:
        checks[finding.target in declared].add(f"{finding.control}/{finding.check}")
    written = f"{_count(checks[True])} on what is declared ({', '.join(sorted(declared))})"
    return f"{written}, {_count(checks[False])} on living systems"


def _count(checks: set[str]) -> str:
    return "1 check" if len(checks) == 1 else f"{len(checks)} checks"
