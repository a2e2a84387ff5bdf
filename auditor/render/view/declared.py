"""What was judged on living systems, and what on what is written down."""

from __future__ import annotations

from auditor.core.model.assessment import Assessment

DECLARED = "declared, not live"
"""Mark of a target that is written down, wherever one is named."""
STATE_READ = {False: "living system", True: DECLARED}
"""By whether the target is declared, where each row says it."""
MEANING = (
    "What is declared (a plan, manifests) is what somebody wrote down: it does not show what runs"
)


def declared_names(assessment: Assessment) -> frozenset[str]:
    """Names of the targets that are no living systems."""
    return frozenset(target.name for target in assessment.targets if target.declared)


def judged_on(assessment: Assessment) -> str:
    """A sentence with the numbers of checks; "" where every target is a living system."""
    declared = declared_names(assessment)
    if not declared:
        return ""
    checks: dict[bool, set[str]] = {True: set(), False: set()}
    for finding in assessment.findings:
        checks[finding.target in declared].add(f"{finding.control}/{finding.check}")
    written = f"{_count(checks[True])} on what is declared ({', '.join(sorted(declared))})"
    return f"{written}, {_count(checks[False])} on living systems"


def share_declared(number: int, of: int) -> str:
    """What part of findings is on declared state: the mark alone for all, "" for none."""
    if not number:
        return ""
    return DECLARED if number == of else f"{number:,} {DECLARED}"


def _count(checks: set[str]) -> str:
    return "1 check" if len(checks) == 1 else f"{len(checks)} checks"
