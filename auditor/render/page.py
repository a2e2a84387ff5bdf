"""What the templates of HTML and PDF may use: one context, so that both say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.control import Check
from auditor.core.model.finding import Finding
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import Status
from auditor.core.rollup import exit_code
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.encoding import encode_base64
from auditor.render import glossary
from auditor.render.json_v1 import document_digest
from auditor.render.view.controls import ControlView, control_views, sort_findings
from auditor.render.view.coverage import not_tested_by_reason, unread
from auditor.render.view.declared import (
    DECLARED,
    MEANING,
    declared_names,
    judged_on,
    share_declared,
)
from auditor.render.view.requirements import STATES, framework_views
from auditor.render.view.waivers import waiver_views
from auditor.render.view.words import STATUS_ORDER


@dataclass(frozen=True, slots=True)
class ShownFindings:
    """The findings of one control that a document shows.

    Args:
        total: Those of the wanted statuses, shown or not.
    """

    view: ControlView
    shown: tuple[Finding, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Findings of the wanted statuses that are not shown."""
        return self.total - len(self.shown)


@dataclass(frozen=True, slots=True)
class CheckView:
    """A check of a control with the counts of its findings.

    Args:
        reason: Why it was not tested; "" where it was.
        declared: How many of the findings are on declared state, in words; "" for none.
    """

    check: Check
    counts: dict[str, int]
    reason: str
    declared: str

    @property
    def failing(self) -> bool:
        """Something is there to mend."""
        return self.counts[Status.FAIL.value] > 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar: from `x`, `width` wide, of 1000."""

    name: str
    number: int
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Head:
    """The state of the log that a page prints: name, number of entries, root (base64)."""

    origin: str
    size: int
    root: str


def head_of(assessment: Assessment, proof: ReportProof | None) -> Head | None:
    """The head that the log has signed where there is a proof, else that at the run's end.

    Raises:
        VerificationError: The proof has no checkpoint.
    """
    if proof is not None:
        head = SignedCheckpoint.parse(proof.checkpoint).checkpoint
        return Head(head.origin, head.size, encode_base64(head.root))
    log = assessment.log
    return Head(log.origin, log.size, log.root) if log else None


def context(
    assessment: Assessment,
    statuses: Collection[Status],
    most: int,
    proof: ReportProof | None = None,
) -> dict[str, object]:
    """Everything that a page shows.

    Args:
        statuses: Findings of these are listed; the others are only counted.
        most: Findings listed at most, the worst of the whole run.
        proof: What the page carries so that it can be checked; None for nothing.
    """
    views = control_views(assessment)
    findings = shown_findings(views, statuses, most)
    declared = declared_names(assessment)
    return {
        "a": assessment,
        "proof": proof,
        "head": head_of(assessment, proof),
        "most": most,
        "json_digest": document_digest(assessment),
        "exit_code": exit_code(assessment.outcome).value,
        "controls": views,
        "checks": {view.id: check_views(view, declared) for view in views},
        "findings": [item for item in findings if item.total],
        "findings_total": sum(item.total for item in findings),
        "findings_left_out": sum(item.left_out for item in findings),
        "frameworks": framework_views(assessment),
        "titles": {framework.id: framework.title for framework in assessment.frameworks},
        "waivers": waiver_views(assessment),
        "judged_on": judged_on(assessment),
        "declared": declared,
        "declared_mark": DECLARED,
        "declared_meaning": MEANING,
        "unread": unread(assessment),
        "not_tested": not_tested_by_reason(assessment),
        "statuses": STATUS_ORDER,
        "states": STATES,
        "segments": segments,
        "glossary": glossary,
    }


def shown_findings(
    views: Sequence[ControlView], statuses: Collection[Status], most: int
) -> list[ShownFindings]:
    """The worst findings of the whole run, by control in the order of the controls."""
    wanted = {view.id: view.with_status(*statuses) for view in views}
    worst = sort_findings(finding for own in wanted.values() for finding in own)[:most]
    chosen = Counter(finding.control for finding in worst)
    return [
        # Each list is sorted as the whole is, so the chosen ones of a control come first in it.
        ShownFindings(view, tuple(wanted[view.id][: chosen[view.id]]), len(wanted[view.id]))
        for view in views
    ]


def check_views(view: ControlView, declared: Collection[str]) -> list[CheckView]:
    """The checks of a control, in the order of its file.

    Args:
        declared: Names of the targets that are no living systems.
    """
    found = Counter((finding.check, finding.status.value) for finding in view.findings)
    judged = Counter(finding.check for finding in view.findings)
    written = Counter(finding.check for finding in view.findings if finding.target in declared)
    reasons = {item.check: item.reason for item in view.result.not_tested}
    return [
        CheckView(
            check,
            {status.value: found[check.id, status.value] for status in STATUS_ORDER},
            reasons.get(check.id, ""),
            share_declared(written[check.id], judged[check.id]),
        )
        for check in view.result.control.checks
    ]


def segments(counts: dict[str, int], order: Sequence[str]) -> list[Segment]:
    """A bar of 1000 units in proportion to the counts; together they fill it exactly."""
    total = sum(counts.values())
    done, pieces = 0, []
    for name in order:
        number = counts[name]
        if number:
            x, end = done * 1000 // total, (done + number) * 1000 // total
            pieces.append(Segment(str(name), number, x, end - x))
            done += number
    return pieces
