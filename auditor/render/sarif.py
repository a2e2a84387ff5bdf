"""SARIF 2.1.0 (OASIS), for code hosts: a result for each finding that is no pass.

Consumers read `kind` rarely and often hide the level `none`, and a hidden error looks like a pass.
So everything here is a problem with a level: what fails, by its severity; what could not be
evaluated or waits for a person, a warning at least. Waived findings are suppressed by an accepted
suppression. Passing and not applicable ones are counted in the run's properties, no more.

GitHub refuses files of more than 25,000 results in a run and tells two results of a rule apart by
`primaryLocationLineHash` alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from auditor.core.model.assessment import Assessment
from auditor.core.model.control import Check, Control
from auditor.core.model.finding import Finding
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import Outcome, Severity, Status, worst_severity
from auditor.core.sarif import Level, Part, sarif_log, sarif_rule
from auditor.core.times import format_instant
from auditor.render.escape import visible
from auditor.render.view.judged import OPEN, Judged, judged, requirements_of, status_sentence
from auditor.render.view.words import plural

MOST_RESULTS = 25_000
_MOST_TAGS = 20
_LEVEL: dict[Severity, Level] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub's bands: critical over 9.0, high from 7.0, medium from 4.0, low above 0.
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.5",
}
_UNSAFE_IN_URI = re.compile(r"^\.+$")


@dataclass(frozen=True, slots=True)
class SarifRenderer:
    """One log with one run.

    Args:
        most: Results at most, the worst; a notification of the run says how many are left out.
    """

    most: int = MOST_RESULTS
    name: str = "sarif"
    suffix: str = ".sarif"
    media_type: str = "application/sarif+json"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The log; results worst first."""
        del proof  # it goes beside the log
        rules = [(r.control, check) for r in assessment.controls for check in r.control.checks]
        index = {f"{control.id}/{check.id}": n for n, (control, check) in enumerate(rules)}
        items = [
            item for item in judged(assessment, worst_first=True) if item.finding.status in OPEN
        ]
        reasons = {s.waiver.id: s.waiver.reason for s in assessment.waivers}
        return sarif_log(
            visible(assessment.tool.removeprefix("auditor ")),
            [_rule(control, check) for control, check in rules],
            [_result(item, index, reasons) for item in items[: self.most]],
            automationDetails={"id": f"auditor/{visible(assessment.run)}"},
            invocations=[_invocation(assessment, items[self.most :])],
            properties=_properties(assessment),
        )


def _rule(control: Control, check: Check) -> Part:
    severity = worst_severity(assertion.severity for assertion in check.assert_)
    text = f"{check.remediation.text} By hand: {check.verify_by_hand}"
    return sarif_rule(
        f"{control.id}/{check.id}",
        visible(check.title),
        visible(f"{control.title}. {control.statement}"),
        _LEVEL[severity],
        help={"text": visible(text)},
        properties={
            "tags": ["security", *requirements_of(control)][:_MOST_TAGS],
            "security-severity": _SECURITY_SEVERITY[severity],
        },
    )


def _result(item: Judged, index: dict[str, int], reasons: dict[str, str]) -> Part:
    finding = item.finding
    missing = f"; missing {finding.action}" if finding.action else ""
    return {
        "ruleId": item.path,
        "ruleIndex": index[item.path],
        "kind": "fail",
        "level": _level(finding),
        "message": {"text": _message(f"{status_sentence(finding)}{missing} [{item.subject}]")},
        "locations": [_location(item)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint[:16]}:1",
            "auditor/v1": finding.fingerprint,
        },
        "suppressions": _suppressions(finding, reasons),
        "properties": {
            "status": finding.status.value,
            "severity": finding.severity.value,
            "cause": finding.cause.value if finding.cause else "",
            "hint": visible(finding.hint),
            "target": visible(finding.target),
            "resource": visible(finding.key),
            "evidence": item.digest,
            "next": f"auditor why {finding.short}",
        },
    }


def _level(finding: Finding) -> Level:
    level = _LEVEL[finding.severity]
    undecided = finding.status in (Status.ERROR, Status.MANUAL)
    return "warning" if undecided and level == "note" else level


def _message(text: str) -> str:
    """Plain text; `[text](place)` would be a link in it (3.11.6), so its brackets are escaped."""
    shown = visible(text)
    if "](" not in shown:
        return shown
    return shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(item: Judged) -> Part:
    finding = item.finding
    uri = "/".join(_segment(part) for part in (finding.target, finding.resource_type))
    name = visible(item.subject)
    return {
        # Code hosts show no result without a file; this names the place that was read.
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}},
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
    }


def _segment(text: str) -> str:
    """One segment of a path: no `..` and no slash that came from outside."""
    return _UNSAFE_IN_URI.sub("_", quote(visible(text), safe="")) or "_"


def _suppressions(finding: Finding, reasons: dict[str, str]) -> list[Part]:
    """Of every result or of none (3.27.23): an empty list says that it is not suppressed."""
    if finding.status is not Status.WAIVED:
        return []
    why = f"waiver {finding.waiver}: {reasons.get(finding.waiver, finding.reason)}"
    return [{"kind": "external", "status": "accepted", "justification": visible(why)}]


def _invocation(assessment: Assessment, left_out: Sequence[Judged]) -> Part:
    notes = [
        _note(f"Not tested: {item.control}/{item.check}: {item.reason}")
        for item in assessment.not_tested
    ]
    if left_out:
        by_status = Counter(item.finding.status.value for item in left_out)
        parts = ", ".join(f"{by_status[s.value]:,} {s.value}" for s in OPEN if by_status[s.value])
        number = plural(len(left_out), "result")
        notes.insert(0, _note(f"{number} left out ({parts}): all of them are in the JSON report"))
    return {
        "executionSuccessful": assessment.outcome in (Outcome.OK, Outcome.FAILING),
        "startTimeUtc": format_instant(assessment.now),
        "endTimeUtc": format_instant(assessment.finished_at),
        "toolExecutionNotifications": notes,
    }


def _note(text: str) -> Part:
    return {"level": "warning", "message": {"text": _message(text)}}


def _properties(assessment: Assessment) -> Part:
    return {
        "run": visible(assessment.run),
        "outcome": assessment.outcome.value,
        "counts": dict(assessment.counts),
        "notTested": len(assessment.not_tested),
        "policy": assessment.policy_digest,
        "verdicts": assessment.verdicts_digest,
    }
