"""JUnit XML, for build servers: a suite for each control, a case for each finding.

There is no standard; this is what Jenkins, GitLab and GitHub's reporters read alike. A finding in
error is an `error`, one that fails a `failure`; waived, manual, not applicable and not tested are
`skipped`, with the reason. A build server shows skipped cases apart from those that pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import Status
from auditor.core.rollup import ControlResult
from auditor.core.times import format_instant
from auditor.render.inert import xml_text
from auditor.render.view.judged import Judged, judged, status_sentence

_ELEMENT = {
    Status.FAIL: "failure",
    Status.ERROR: "error",
    Status.WAIVED: "skipped",
    Status.MANUAL: "skipped",
    Status.NOT_APPLICABLE: "skipped",
}


@dataclass(frozen=True, slots=True)
class JunitRenderer:
    """One `testsuites` document in UTF-8."""

    name: str = "junit"
    suffix: str = ".xml"
    media_type: str = "application/xml"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The document; suites in order of control, cases in order of finding."""
        del proof  # there is no place for it
        own: dict[str, list[Judged]] = {}
        for item in judged(assessment):
            own.setdefault(item.finding.control, []).append(item)
        lines = ['<?xml version="1.0" encoding="UTF-8"?>']
        totals = _totals(assessment.findings, len(assessment.not_tested))
        lines.append(f"<testsuites{_attributes(name=f'auditor {assessment.run}', **totals)}>")
        for result in assessment.controls:
            lines += _suite(result, own.get(result.control.id, ()), assessment)
        lines.append("</testsuites>")
        return ("\n".join(lines) + "\n").encode()


def _totals(findings: Sequence[Finding], not_tested: int) -> dict[str, str]:
    kinds = Counter(_ELEMENT.get(finding.status, "") for finding in findings)
    return {
        "tests": str(len(findings) + not_tested),
        "failures": str(kinds["failure"]),
        "errors": str(kinds["error"]),
        "skipped": str(kinds["skipped"] + not_tested),
        "time": "0",
    }


def _suite(result: ControlResult, items: Sequence[Judged], assessment: Assessment) -> Iterator[str]:
    control = result.control
    totals = _totals([item.finding for item in items], len(result.not_tested))
    # The schema of the Ant task, which some readers hold to, has no zone here: it is UTC.
    stamp = format_instant(assessment.now.replace(microsecond=0)).removesuffix("Z")
    yield f"  <testsuite{_attributes(name=control.id, timestamp=stamp, **totals)}>"
    yield "    <properties>"
    for name, value in {"title": control.title, "status": result.status.value}.items():
        yield f"      <property{_attributes(name=name, value=value)}/>"
    yield "    </properties>"
    for item in items:
        yield from _case(item)
    for missing in result.not_tested:
        yield f"    <testcase{_attributes(name='not tested', **_class(control.id, missing.check))}>"
        yield f"      <skipped{_attributes(message=f'Not tested: {missing.reason}')}/>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _case(item: Judged) -> Iterator[str]:
    finding = item.finding
    head = (
        f"    <testcase{_attributes(name=item.subject, **_class(finding.control, finding.check))}"
    )
    element = _ELEMENT.get(finding.status)
    if element is None:
        yield f"{head}/>"
        return
    yield f"{head}>"
    message = _attributes(message=status_sentence(finding))
    if element == "skipped":
        yield f"      <skipped{message}/>"
    else:
        kind = finding.cause.value if finding.cause else finding.severity.value
        body = xml_text(_details(item))
        yield f"      <{element}{message}{_attributes(type=kind)}>{body}</{element}>"
    yield "    </testcase>"


def _details(item: Judged) -> str:
    finding = item.finding
    parts = {
        "finding": finding.id,
        "severity": finding.severity.value,
        "missing": finding.action,
        "hint": finding.hint,
        "remediation": item.check.remediation.text,
        "evidence": item.digest,
        "more": f"auditor why {finding.short}",
    }
    return "; ".join(f"{name}: {value}" for name, value in parts.items() if value)


def _class(control: str, check: str) -> dict[str, str]:
    return {"classname": f"{control}.{check}", "time": "0"}


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{xml_text(value)}"' for name, value in values.items())
