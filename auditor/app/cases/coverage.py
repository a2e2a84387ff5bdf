"""What the cases of a control have shown: each assertion true and false, each `when` both ways.

An assertion that no case has seen false may be unable to fail; one that none has seen true may be
unable to pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.app.cases.control_cases import CaseResult
from auditor.core.model.control import Check, Control
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status

_NOT_WHEN = "not applicable: "  # how judgement begins the reason when `when` is false


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a control its cases have seen.

    Args:
        seen, wanted: Outcomes; two for each assertion and each `when`.
        missing: `check/assertion never false`, one sentence each.
    """

    control: str
    seen: int
    wanted: int
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Everything was seen."""
        return not self.missing


def case_coverage(control: Control, results: Iterable[CaseResult]) -> Coverage:
    """The coverage of a control by the results of its cases."""
    findings = [finding for result in results for finding in result.findings]
    seen = {outcome for finding in findings for outcome in _outcomes(finding)}
    wanted = [outcome for check in control.checks for outcome in _wanted(check)]
    missing = [outcome for outcome in wanted if outcome not in seen]
    sentences = tuple(f"{check}/{name} never {truth}" for check, name, truth in missing)
    return Coverage(control.id, len(wanted) - len(missing), len(wanted), sentences)


def _wanted(check: Check) -> list[tuple[str, str, str]]:
    names = [assertion.id for assertion in check.assert_]
    names += ["when"] if check.when is not None else []
    return [(check.id, name, truth) for name in names for truth in ("true", "false")]


def _outcomes(finding: Finding) -> list[tuple[str, str, str]]:
    """What one finding shows."""
    if finding.status is Status.NOT_APPLICABLE and finding.reason.startswith(_NOT_WHEN):
        return [(finding.check, "when", "false")]
    outcomes = [(finding.check, a.id, a.truth) for a in finding.assertions]
    return [*outcomes, (finding.check, "when", "true")] if outcomes else []
