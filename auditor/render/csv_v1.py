"""CSV (RFC 4180), one row for each finding and for each check that was not tested.

Spreadsheets run cells that begin with a sign of a formula (CWE-1236), whatever the quotes. So an
apostrophe stands in front of such a cell, and in front of one that begins with an apostrophe:
who takes one leading apostrophe away has the value again. Where a spreadsheet splits at semicolons
a cell may begin in the middle of a field; there the apostrophe stands behind the semicolon.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import ControlStatus
from auditor.core.times import format_instant
from auditor.render.escape import visible
from auditor.render.view.judged import Judged, judged, requirements_of

COLUMNS = (
    "run",
    "judged_at",
    "control",
    "control_title",
    "check",
    "target",
    "environment",
    "resource_type",
    "resource",
    "uid",
    "status",
    "severity",
    "reason",
    "cause",
    "action",
    "hint",
    "waiver",
    "requirements",
    "fingerprint",
    "observation",
)
"""New ones come at the end."""

# ASCII and full-width signs; white space in front of them does not disarm a formula.
_STARTS = re.compile(r"\s*['=+\-@\uff1d\uff0b\uff0d\uff20]")
_SPLITS = re.compile(r"(;\s*[\"']?\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True, slots=True)
class CsvRenderer:
    """UTF-8 without a mark, comma, CR LF, every field quoted."""

    name: str = "csv"
    suffix: str = ".csv"
    media_type: str = "text/csv; charset=utf-8; header=present"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The header and the rows, in order of finding."""
        del proof  # a table carries none
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        run = (assessment.run, format_instant(assessment.now))
        titles = {result.control.id: result.control.title for result in assessment.controls}
        writer.writerows(_row((*run, *_finding(item))) for item in judged(assessment))
        writer.writerows(
            _row((*run, *_not_tested(item, titles[item.control]))) for item in assessment.not_tested
        )
        return out.getvalue().encode()


def cell(text: str) -> str:
    """A value that no spreadsheet runs."""
    shown = visible(text)
    if ";" in shown:
        shown = _SPLITS.sub(r"\1'", shown)
    return f"'{shown}" if _STARTS.match(shown) else shown


def _row(values: tuple[str, ...]) -> Iterator[str]:
    return map(cell, values)


def _finding(item: Judged) -> tuple[str, ...]:
    finding = item.finding
    return (
        finding.control,
        item.control.title,
        finding.check,
        finding.target,
        finding.environment,
        finding.resource_type,
        finding.key,
        finding.uid,
        finding.status.value,
        finding.severity.value,
        finding.reason,
        finding.cause.value if finding.cause else "",
        finding.action,
        finding.hint,
        finding.waiver,
        " ".join(requirements_of(item.control)),
        finding.fingerprint,
        item.digest,
    )


def _not_tested(item: NotTested, title: str) -> tuple[str, ...]:
    known = {
        "control": item.control,
        "control_title": title,
        "check": item.check,
        "status": ControlStatus.NOT_TESTED.value,
        "reason": item.reason,
    }
    return tuple(known.get(column, "") for column in COLUMNS[2:])
