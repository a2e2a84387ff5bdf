"""Waivers: what each covers, and why one is not honoured.

Whether a waiver counts was decided when the run was judged, and stands in the findings. What can
be said without a finding (a bad signature, an expiry) is said here as well, for waivers that
would have covered nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.core.model.waiver import SignedWaiver
from auditor.core.times import format_instant

_REFUSED = re.compile(
    r"\[waiver (?P<id>[A-Za-z0-9-]+) not honoured: (?P<why>.*?)\](?= \[|$)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class WaiverView:
    """One waiver, and what became of it in this run.

    Args:
        covered: Findings that it turned to waived, or to error where something was undecided.
        refused: Why it was not honoured, each reason once, with the number of findings.
    """

    signed: SignedWaiver
    covered: tuple[Finding, ...]
    refused: tuple[tuple[str, int], ...]

    @property
    def state(self) -> str:
        """`honoured`, `partly honoured`, `not honoured` or `no finding`."""
        if self.covered:
            return "partly honoured" if self.refused else "honoured"
        return "not honoured" if self.refused else "no finding"

    @property
    def reason(self) -> str:
        """Why it was refused, or that it matched nothing."""
        if not self.refused:
            return "" if self.covered else "it covers no finding of this run"
        return "; ".join(
            f"{why} ({count} findings)" if count > 1 else why for why, count in self.refused
        )


def waiver_views(assessment: Assessment) -> list[WaiverView]:
    """Every waiver, refused ones first, then by id."""
    views = [_view(assessment, signed) for signed in assessment.waivers]
    return sorted(views, key=lambda view: (not view.refused, view.signed.waiver.id))


def refused_by(finding: Finding) -> list[tuple[str, str]]:
    """Waiver ids and reasons, for waivers that this finding says were not honoured."""
    if not finding.waiver:  # then the words come from the system, not from the judgement
        return []
    return [(match["id"], match["why"]) for match in _REFUSED.finditer(finding.reason)]


def _view(assessment: Assessment, signed: SignedWaiver) -> WaiverView:
    waiver = signed.waiver
    reasons: dict[str, int] = {}
    covered = []
    for finding in assessment.findings:
        if f"{finding.control}/{finding.check}" != waiver.check:
            continue
        for waiver_id, why in refused_by(finding):
            if waiver_id == waiver.id:
                reasons[why] = reasons.get(why, 0) + 1
        if finding.waiver == waiver.id and finding.status in (Status.WAIVED, Status.ERROR):
            covered.append(finding)
    if not covered and not reasons and (plain := _plainly_void(assessment, signed)):
        reasons[plain] = 0
    return WaiverView(signed, tuple(covered), tuple(sorted(reasons.items())))


def _plainly_void(assessment: Assessment, signed: SignedWaiver) -> str:
    waiver = signed.waiver
    if signed.signature != "valid":
        return f"its signature does not count: {signed.signature}"
    if assessment.now >= waiver.expires:
        return f"it expired at {format_instant(waiver.expires)}"
    if assessment.now < waiver.approved_at:
        return f"it is approved only from {format_instant(waiver.approved_at)}"
    return ""
