"""From findings to controls and requirements. Order-free: the same findings give the same sums.

A requirement is never "met" because a check mapped to it passed: it shows what was tested, what
was not, and the deviations. The opinion is the auditor's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.control import Control
from auditor.core.model.finding import Finding
from auditor.core.model.framework import Framework
from auditor.core.model.status import ControlStatus, Outcome, Severity, Status, worst_severity
from auditor.errors import ExitCode

Counts = Mapping[str, int]


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Findings by status; every status is there, also with 0."""
    found = Counter(finding.status.value for finding in findings)
    return {status.value: found[status.value] for status in Status}


def control_status(findings: Sequence[Finding]) -> ControlStatus:
    """The worst of: fail, error, manual, pass; a waived finding counts as pass."""
    statuses = {finding.status for finding in findings}
    if not statuses:
        return ControlStatus.NOT_TESTED
    for status in (Status.FAIL, Status.ERROR, Status.MANUAL):
        if status in statuses:
            return ControlStatus(status.value)
    if statuses == {Status.NOT_APPLICABLE}:
        return ControlStatus.NOT_APPLICABLE
    return ControlStatus.PASS


@dataclass(frozen=True, slots=True)
class ControlResult:
    """A control with the roll-up of its findings."""

    control: Control
    status: ControlStatus
    severity: Severity
    counts: Counts
    not_tested: tuple[NotTested, ...]

    def to_json(self) -> dict[str, object]:
        """The control in `assessment-1`."""
        return {
            "id": self.control.id,
            "title": self.control.title,
            "owner": self.control.owner.role,
            "status": self.status.value,
            "severity": self.severity.value,
            "counts": dict(self.counts),
            "not_tested": [item.to_json() for item in self.not_tested],
        }


def roll_up_controls(
    controls: Iterable[Control], findings: Iterable[Finding], not_tested: Iterable[NotTested]
) -> tuple[ControlResult, ...]:
    """Each control once, in order of id."""
    by_control: dict[str, list[Finding]] = {}
    for finding in findings:
        by_control.setdefault(finding.control, []).append(finding)
    missing = list(not_tested)
    results = []
    for control in sorted(controls, key=lambda c: c.id):
        own = by_control.get(control.id, [])
        bad = [f.severity for f in own if f.status in (Status.FAIL, Status.ERROR)]
        results.append(
            ControlResult(
                control,
                control_status(own),
                worst_severity(bad),
                count(own),
                tuple(item for item in missing if item.control == control.id),
            )
        )
    return tuple(results)


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """What was done about one requirement.

    Args:
        controls: Ids of the controls that are mapped to it.
        tested, not_applicable, not_tested: Those of them that judged something, that had nothing
            to judge, and that have no finding.
        deviations: Failing findings of those controls, waived ones apart.
    """

    framework: str
    id: str
    title: str
    evidence: str
    controls: tuple[str, ...]
    tested: tuple[str, ...]
    not_applicable: tuple[str, ...]
    not_tested: tuple[str, ...]
    deviations: int
    undecided: int
    waived: int

    def to_json(self) -> dict[str, object]:
        """The requirement in `assessment-1`."""
        return {
            "framework": self.framework,
            "id": self.id,
            "title": self.title,
            "evidence": self.evidence,
            "controls": list(self.controls),
            "tested": list(self.tested),
            "not_applicable": list(self.not_applicable),
            "not_tested": list(self.not_tested),
            "deviations": self.deviations,
            "undecided": self.undecided,
            "waived": self.waived,
        }


def roll_up_requirements(
    frameworks: Iterable[Framework], controls: Sequence[ControlResult]
) -> tuple[RequirementResult, ...]:
    """Every requirement of every framework, also those that no control is mapped to."""
    return tuple(
        _requirement(
            framework.id,
            requirement.id,
            requirement.title,
            requirement.evidence,
            [
                result
                for result in controls
                if any(m.id == requirement.id for m in result.control.maps.get(framework.id, ()))
            ],
        )
        for framework in frameworks
        for requirement in framework.requirements
    )


def _requirement(
    framework: str, requirement: str, title: str, evidence: str, mapped: Sequence[ControlResult]
) -> RequirementResult:
    by_status = {
        status: tuple(r.control.id for r in mapped if r.status is status)
        for status in (ControlStatus.NOT_TESTED, ControlStatus.NOT_APPLICABLE)
    }
    without = {control for controls in by_status.values() for control in controls}
    return RequirementResult(
        framework=framework,
        id=requirement,
        title=title,
        evidence=evidence,
        controls=tuple(r.control.id for r in mapped),
        tested=tuple(r.control.id for r in mapped if r.control.id not in without),
        not_applicable=by_status[ControlStatus.NOT_APPLICABLE],
        not_tested=by_status[ControlStatus.NOT_TESTED],
        deviations=sum(r.counts[Status.FAIL] for r in mapped),
        undecided=sum(r.counts[Status.ERROR] + r.counts[Status.MANUAL] for r in mapped),
        waived=sum(r.counts[Status.WAIVED] for r in mapped),
    )


def outcome(findings: Sequence[Finding], threshold: Severity = Severity.INFO) -> Outcome:
    """How the run ended: incomplete evidence outranks failing controls.

    Args:
        threshold: Failures below this severity do not count.
    """
    if all(finding.status is Status.NOT_APPLICABLE for finding in findings):
        return Outcome.NOTHING_EVALUATED  # also of none at all
    if any(finding.status in (Status.ERROR, Status.MANUAL) for finding in findings):
        return Outcome.INCOMPLETE
    failing = (f for f in findings if f.status is Status.FAIL)
    if any(finding.severity.rank <= threshold.rank for finding in failing):
        return Outcome.FAILING
    return Outcome.OK


def exit_code(result: Outcome) -> ExitCode:
    """The exit code that says the same as the outcome."""
    return {
        Outcome.OK: ExitCode.OK,
        Outcome.FAILING: ExitCode.FAILING,
        Outcome.INCOMPLETE: ExitCode.INCOMPLETE,
        Outcome.NOTHING_EVALUATED: ExitCode.NOTHING_EVALUATED,
        Outcome.USAGE: ExitCode.USAGE,
        Outcome.INTEGRITY: ExitCode.INTEGRITY,
    }[result]
