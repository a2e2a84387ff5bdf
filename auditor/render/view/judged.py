"""Findings beside the control, the check and the evidence that they are of, for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.control import Check, Control
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.render.glossary import CAUSE_LABEL
from auditor.render.view.controls import sort_findings
from auditor.render.view.declared import declared_names

OPEN = (Status.FAIL, Status.ERROR, Status.MANUAL, Status.WAIVED)
"""What a machine must never take for a pass, worst first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with what it is of.

    Args:
        digest: Of the evidence document; "" where nothing was read.
        declared: Judged on what is written down, not on a living system.
    """

    finding: Finding
    control: Control
    check: Check
    digest: str
    declared: bool

    @property
    def path(self) -> str:
        """`control/check`."""
        return f"{self.finding.control}/{self.finding.check}"

    @property
    def subject(self) -> str:
        """`target/key`; the target alone where the finding is about the whole of it."""
        finding = self.finding
        return f"{finding.target}/{finding.key}" if finding.key else finding.target


def judged(assessment: Assessment, *, worst_first: bool = False) -> Iterator[Judged]:
    """Every finding, in the order of the assessment or worst first."""
    controls = {result.control.id: result.control for result in assessment.controls}
    checks = {(c.id, check.id): check for c in controls.values() for check in c.checks}
    digests = {(r.target, r.resource_type): r.digest for r in assessment.readings}
    findings, declared = assessment.findings, declared_names(assessment)
    for finding in sort_findings(findings) if worst_first else findings:
        yield Judged(
            finding,
            controls[finding.control],
            checks[finding.control, finding.check],
            digests.get((finding.target, finding.resource_type), ""),
            finding.target in declared,
        )


def requirements_of(control: Control) -> list[str]:
    """`soc2:CC6.1` for each mapping, in the order of the control's file."""
    return [f"{framework}:{m.id}" for framework, maps in control.maps.items() for m in maps]


def status_sentence(finding: Finding) -> str:
    """What the finding says, beginning with a word that no reader takes for a pass."""
    if finding.status is Status.ERROR:
        cause = f" ({CAUSE_LABEL[finding.cause]})" if finding.cause else ""
        return f"Not evaluated{cause}: {finding.reason or 'no reason was recorded'}"
    words = {
        Status.FAIL: "Fails",
        Status.WAIVED: "Fails, and is waived",
        Status.MANUAL: "Waits for a person",
        Status.NOT_APPLICABLE: "Not applicable",
        Status.PASS: "Passes",
    }
    word = words[finding.status]
    return f"{word}: {finding.reason}" if finding.reason else word
