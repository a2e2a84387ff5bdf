"""The summaries of an assessment against its signed findings: controls and requirements.

Findings are signed, summaries are what people read first; so each is counted again. Which controls
are mapped to a requirement, and the titles, only the recorded policy tells: that is compared by
rendering the report again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.core.model.finding import Finding
from auditor.core.model.status import ControlStatus, Status, worst_severity
from auditor.core.rollup import control_status, count
from auditor.errors import VerificationError

_Row = Mapping[str, Any]


def check_summaries(
    document: _Row, findings: Sequence[_Row], not_tested: Sequence[Mapping[str, str]]
) -> None:
    """Check that controls and requirements sum up these findings.

    Args:
        document: The assessment, schema `assessment-1`.
        findings, not_tested: What was signed.

    Raises:
        VerificationError: One says something else, stands twice or is missing.
        KeyError, TypeError, ValueError: Another form of document.
    """
    rows: dict[str, _Row] = {row["id"]: row for row in document["controls"]}
    if len(rows) != len(document["controls"]):
        raise VerificationError("the assessment has a control twice")
    own: dict[str, list[Finding]] = {name: [] for name in rows}
    for finding in map(Finding.from_json, findings):
        if finding.control not in own:
            raise VerificationError(
                f"the assessment does not tell of the control {finding.control}"
            )
        own[finding.control].append(finding)
    for name, row in rows.items():
        missing = [item for item in not_tested if item["control"] == name]
        _check_control(row, own[name], missing)
    for row in document["requirements"]:
        _check_requirement(row, rows)


def _check_control(
    row: _Row, findings: Sequence[Finding], not_tested: Sequence[Mapping[str, str]]
) -> None:
    bad = [item.severity for item in findings if item.status in (Status.FAIL, Status.ERROR)]
    expected = {
        "status": control_status(findings).value,
        "severity": worst_severity(bad).value,
        "counts": count(findings),
        "not_tested": list(not_tested),
    }
    for field, value in expected.items():
        if row[field] != value:
            raise VerificationError(
                f"the assessment has another {field} of the control {row['id']} than was signed"
            )


def _check_requirement(row: _Row, controls: Mapping[str, _Row]) -> None:
    mapped = [controls[name] for name in row["controls"]]
    untested = {ControlStatus.NOT_TESTED.value, ControlStatus.NOT_APPLICABLE.value}
    expected: dict[str, object] = {
        "tested": [item["id"] for item in mapped if item["status"] not in untested],
        "not_applicable": _of_status(mapped, ControlStatus.NOT_APPLICABLE),
        "not_tested": _of_status(mapped, ControlStatus.NOT_TESTED),
        "deviations": _sum(mapped, Status.FAIL),
        "undecided": _sum(mapped, Status.ERROR) + _sum(mapped, Status.MANUAL),
        "waived": _sum(mapped, Status.WAIVED),
    }
    for field, value in expected.items():
        if row[field] != value:
            raise VerificationError(
                f"the assessment has another {field} of {row['framework']} {row['id']} than was"
                " signed"
            )


def _of_status(mapped: Sequence[_Row], status: ControlStatus) -> list[str]:
    return [item["id"] for item in mapped if item["status"] == status.value]


def _sum(mapped: Sequence[_Row], status: Status) -> int:
    return sum(item["counts"][status.value] for item in mapped)
