"""GitLab's code quality report, for the widget of a merge request.

Format: GitLab, "Code Quality report format", a subset of Code Climate's: a list of issues, each
with `description`, `check_name`, `fingerprint`, `severity` and a place. GitLab compares two reports
by fingerprint; ours does not hang on files, order or machine. There is no place for a status: what
was not evaluated says so in its description, and is never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.ident import fingerprint
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import Severity, Status
from auditor.render.escape import visible
from auditor.render.inert import markdown_code
from auditor.render.view.judged import OPEN, Judged, judged, status_sentence

_SEVERITY: Mapping[Severity, str] = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


@dataclass(frozen=True, slots=True)
class GitlabCodeQualityRenderer:
    """One JSON list; worst first, waived ones as `info`."""

    name: str = "gitlab-code-quality"
    suffix: str = ".json"
    media_type: str = "application/json"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The whole list."""
        del proof  # there is no place for it
        items = [
            _issue(item)
            for item in judged(assessment, worst_first=True)
            if item.finding.status in OPEN
        ]
        items += [_not_tested(m.control, m.check, m.reason) for m in assessment.not_tested]
        return orjson.dumps(items, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _issue(item: Judged) -> Mapping[str, object]:
    finding = item.finding
    return {
        "type": "issue",
        "check_name": item.path,
        "description": _description(item),
        "fingerprint": finding.fingerprint,
        "severity": _severity(finding),
        "location": _place(finding.target, finding.resource_type),
    }


def _description(item: Judged) -> str:
    """Shown as Markdown: collected text stands in code spans."""
    finding = item.finding
    said = f"{markdown_code(status_sentence(finding))} {markdown_code(item.subject)}"
    more = {"missing": finding.action, "hint": finding.hint}
    return said + "".join(f"; {name} {markdown_code(text)}" for name, text in more.items() if text)


def _severity(finding: Finding) -> str:
    return "info" if finding.status is Status.WAIVED else _SEVERITY[finding.severity]


def _not_tested(control: str, check: str, reason: str) -> Mapping[str, object]:
    path = f"{control}/{check}"
    return {
        "type": "issue",
        "check_name": path,
        "description": f"Not tested: {markdown_code(reason)}",
        "fingerprint": fingerprint(control, check, "", "", ""),
        "severity": "info",
        "location": _place("not-tested", check),
    }


def _place(target: str, resource_type: str) -> Mapping[str, object]:
    """A place is demanded, and must be a path: this names what was read."""
    parts = (quote(visible(part), safe="") or "_" for part in (target, resource_type))
    path = "/".join("_" if part.strip(".") == "" else part for part in parts)
    return {"path": path, "lines": {"begin": 1}}
