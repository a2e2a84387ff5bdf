"""Controls and findings, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.status import ControlStatus, Severity, Status, worst_severity
from auditor.core.rollup import ControlResult
from auditor.render.view.words import STATUS_ORDER

NEEDS_ATTENTION = (Status.FAIL, Status.ERROR, Status.MANUAL, Status.WAIVED)
_STATUS_RANK = {status: rank for rank, status in enumerate(STATUS_ORDER)}
_CONTROL_ORDER = (
    ControlStatus.FAIL,
    ControlStatus.ERROR,
    ControlStatus.MANUAL,
    ControlStatus.NOT_TESTED,
    ControlStatus.PASS,
    ControlStatus.NOT_APPLICABLE,
)
_CONTROL_RANK = {status: rank for rank, status in enumerate(_CONTROL_ORDER)}


@dataclass(frozen=True, slots=True)
class ControlView:
    """A control with its findings, worst first.

    Args:
        severity: The worst of the findings that give the control its status; None where it
            neither fails nor is in error.
    """

    result: ControlResult
    findings: tuple[Finding, ...]
    severity: Severity | None

    @property
    def id(self) -> str:
        """The control's id."""
        return self.result.control.id

    @property
    def status(self) -> ControlStatus:
        """The roll-up."""
        return self.result.status

    def with_status(self, *wanted: Status) -> list[Finding]:
        """The findings of those statuses."""
        return [finding for finding in self.findings if finding.status in wanted]

    @property
    def order(self) -> tuple[object, ...]:
        """Worst first; passing controls with waived findings before those without; then id."""
        severity = self.severity.rank if self.severity else len(Severity)
        quiet = not self.with_status(*NEEDS_ATTENTION)
        return (_CONTROL_RANK[self.status], severity, quiet, self.id)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first: status, then severity, then id."""
    return sorted(findings, key=lambda f: (_STATUS_RANK[f.status], f.severity.rank, f.order))


def control_views(assessment: Assessment) -> list[ControlView]:
    """Every control, worst first."""
    own: dict[str, list[Finding]] = {}
    for finding in assessment.findings:
        own.setdefault(finding.control, []).append(finding)
    views = []
    for result in assessment.controls:
        findings = tuple(sort_findings(own.get(result.control.id, ())))
        views.append(ControlView(result, findings, _severity(result.status, findings)))
    return sorted(views, key=lambda view: view.order)


def _severity(status: ControlStatus, findings: Sequence[Finding]) -> Severity | None:
    if status not in (ControlStatus.FAIL, ControlStatus.ERROR):
        return None
    return worst_severity(f.severity for f in findings if f.status.value == status.value)


@dataclass(frozen=True, slots=True)
class Capped:
    """The first findings of a list, and how many there are.

    Args:
        total: Findings in the whole list.
    """

    shown: tuple[Finding, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Findings that are not shown: never silently."""
        return self.total - len(self.shown)


def cap(findings: Sequence[Finding], most: int) -> Capped:
    """The first `most` findings."""
    return Capped(tuple(findings[:most]), len(findings))
