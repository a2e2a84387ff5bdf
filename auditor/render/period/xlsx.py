"""The workbook of a period (SOC 2 Type II): a cover and a sheet for each list of the report.

It carries the document `period-1` as a part that no sheet shows, from which it can be made again.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.core.canonical import digest
from auditor.core.model.period_report import PeriodReport, PeriodState
from auditor.core.times import format_instant
from auditor.render.period import xlsx_record, xlsx_sheets
from auditor.render.period.interface import DOCUMENT
from auditor.render.period.json_v1 import PeriodJsonRenderer
from auditor.render.period.words import STATE_LABEL, STATE_MEANING
from auditor.render.xlsx.book import MEDIA_TYPE, Book, Cover, Identity, Written
from auditor.render.xlsx.carried import with_document
from auditor.render.xlsx.report import sheets

_SHEETS = (
    xlsx_sheets.requirements,
    xlsx_sheets.controls,
    xlsx_sheets.no_evidence,
    xlsx_sheets.findings,
    xlsx_sheets.changes,
    xlsx_sheets.populations,
    xlsx_sheets.moved,
    xlsx_record.waivers,
    xlsx_record.attestations,
    xlsx_record.not_read,
    xlsx_record.runs,
    xlsx_record.log,
)


@dataclass(frozen=True, slots=True)
class PeriodXlsxRenderer:
    """One workbook."""

    name: str = "xlsx"
    suffix: str = ".xlsx"
    media_type: str = MEDIA_TYPE

    def render(self, report: PeriodReport) -> bytes:
        """The file.

        Raises:
            DependencyError: XlsxWriter is not installed.
            LedgerError: The report holds a value that canonical JSON forbids.
        """
        document = PeriodJsonRenderer().render(report)
        own_digest = digest(document)
        identity = Identity(
            title=f"Control test report, {report.period.name}",
            organisation=report.organisation,
            created=report.log.time,
            reference=f"period {report.period.name}",
        )
        book = Book(identity)
        cover = book.cover()
        written = [book.add(make(report)) for make in _SHEETS]
        _fill(cover, report, own_digest, written)
        return with_document(book.to_bytes(), DOCUMENT, document)


def _fill(cover: Cover, report: PeriodReport, own_digest: str, written: list[Written]) -> None:
    period, log = report.period, report.log
    cover.heading(f"Controls over {period.name}: {report.organisation or 'not named'}", first=True)
    cover.line("From (UTC)", format_instant(period.since))
    cover.line("Until before (UTC)", format_instant(period.until))
    if log.time < period.until:
        said = f"the period is not over: the log was read at {format_instant(log.time)}"
        cover.line("Not over", said, "plain")
    names = [f"{one.title} ({one.version})" for one in report.frameworks]
    cover.line("Frameworks", "; ".join(names) or "none", "plain")
    cover.line("Limited to", ", ".join(report.asked_frameworks) or "nothing: all is shown")
    cover.heading("Controls")
    for state in PeriodState:
        cover.line(STATE_LABEL[state], sum(one.state is state for one in report.controls))
    cover.heading("Log")
    cover.line("Log", f"{log.origin}, {log.size} entries")
    cover.line("Root", log.root, "mono")
    baseline = report.baseline
    said = f"{baseline.run}, {format_instant(baseline.now)}" if baseline else "no run before it"
    cover.line("Changes counted from", said)
    cover.line("Made by", report.tool)
    cover.heading("How to check this workbook")
    cover.line("This file", "auditor verify FILE --store DIR --trust DIR", "plain")
    cover.line("JSON report", own_digest, "mono")
    cover.line("Compare", f"auditor report --period {period.name} --format json | sha256sum")
    sheets(cover, written)
    cover.heading("What the words mean")
    for state in PeriodState:
        cover.line(STATE_LABEL[state], STATE_MEANING[state], "plain")
    cover.line(
        "Limits",
        "This workbook states what was tested and found. It expresses no opinion.",
        "plain",
    )
