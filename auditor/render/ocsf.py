"""OCSF 1.8.0 Compliance Finding (class 2003), one JSON object a line, for security lakes.

The status of a compliance check is Pass only for a pass and Fail only for a fail. An error is
Warning, which OCSF defines as "did not yield a result due to missing information"; waived, manual,
not applicable and not tested are Other, with our own word beside it. The status of the finding
itself is the consumer's and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment
from auditor.core.model.control import Check, Control
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import ControlStatus, Severity, Status
from auditor.render.escape import visible
from auditor.render.view.judged import Judged, judged, requirements_of, status_sentence

VERSION = "1.8.0"
_CLASS, _ACTIVITY = 2003, 1  # Compliance Finding, Create
_STATUS = {
    Status.PASS.value: (1, "Pass"),
    Status.ERROR.value: (2, "Warning"),
    Status.FAIL.value: (3, "Fail"),
}
_OTHER = 99
_SEVERITY = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}


@dataclass(frozen=True, slots=True)
class OcsfRenderer:
    """JSON lines: a line for each finding, then one for each check that was not tested."""

    name: str = "ocsf"
    suffix: str = ".ocsf.jsonl"
    media_type: str = "application/x-ndjson"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The events, in order of finding."""
        del proof  # events carry none
        base = _base(assessment)
        return b"".join(
            orjson.dumps(base | event, option=orjson.OPT_APPEND_NEWLINE)
            for event in _events(assessment)
        )


def _base(assessment: Assessment) -> dict[str, object]:
    return {
        "activity_id": _ACTIVITY,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": _CLASS,
        "type_name": "Compliance Finding: Create",
        "type_uid": _CLASS * 100 + _ACTIVITY,
        "time": _milliseconds(assessment.now),
        "end_time": _milliseconds(assessment.finished_at),
    }


def _events(assessment: Assessment) -> Iterator[dict[str, object]]:
    for item in judged(assessment):
        said = status_sentence(item.finding)
        status = item.finding.status.value
        common = _common(assessment, item.control, item.check, status, said)
        yield common | _of_finding(item, said, _milliseconds(assessment.now))
    controls = {result.control.id: result.control for result in assessment.controls}
    for missing in assessment.not_tested:
        yield _not_tested(assessment, controls[missing.control], missing)


def _common(
    assessment: Assessment, control: Control, check: Check, status: str, reason: str
) -> dict[str, object]:
    number, word = _STATUS.get(status, (_OTHER, status))
    return {
        "metadata": {
            "version": VERSION,
            "product": {"name": "auditor", "version": visible(assessment.tool)},
            "correlation_uid": visible(assessment.run),
        },
        "compliance": {
            "control": control.id,
            "desc": visible(control.statement),
            "standards": [visible(framework.title) for framework in assessment.frameworks],
            "requirements": requirements_of(control),
            "status_id": number,
            "status": word,
            "status_code": status,
            "status_details": [visible(reason)],
        },
        "remediation": {"desc": visible(check.remediation.text)},
    }


def _of_finding(item: Judged, said: str, created: int) -> dict[str, object]:
    finding = item.finding
    number, word = _SEVERITY[finding.severity]
    return {
        "severity_id": number,
        "severity": word,
        "message": visible(f"{said} [{item.subject}]"),
        "finding_info": {
            "uid": finding.fingerprint,
            "title": visible(item.check.title),
            "desc": visible(item.control.statement),
            "types": [item.path],
            "created_time": created,
        },
        "resources": [
            {
                "name": visible(finding.key or finding.target),
                **({"uid": visible(finding.uid)} if finding.uid else {}),
                "type": visible(finding.resource_type),
                "namespace": visible(finding.target),
                "labels": [f"environment:{visible(finding.environment)}"],
            }
        ],
        "unmapped": _unmapped(item),
    }


def _unmapped(item: Judged) -> Mapping[str, str]:
    finding = item.finding
    own = {
        "severity": finding.severity.value,
        "cause": finding.cause.value if finding.cause else "",
        "action": finding.action,
        "hint": finding.hint,
        "waiver": finding.waiver,
        "observation": item.digest,
        "pointer": finding.pointer,
    }
    return {name: visible(value) for name, value in own.items() if value}


def _not_tested(assessment: Assessment, control: Control, missing: NotTested) -> dict[str, object]:
    status = ControlStatus.NOT_TESTED.value
    check = control.check(missing.check)
    path = f"{missing.control}/{missing.check}"
    return {
        **_common(assessment, control, check, status, missing.reason),
        "severity_id": 0,
        "severity": "Unknown",
        "message": visible(f"Not tested: {path}: {missing.reason}"),
        "finding_info": {"uid": f"{path}@", "title": visible(check.title), "types": [path]},
    }


def _milliseconds(value: datetime) -> int:
    return round(value.timestamp() * 1000)
