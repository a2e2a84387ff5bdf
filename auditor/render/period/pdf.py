"""A period as PDF for print and for the file: A4, tagged, PDF/A-3u, with `period.json` attached.

The changes stand on page 2, where they cannot be missed. Pages are laid out by WeasyPrint, the long
lists behind them by Typst (`annex`); on pages the worst findings are shown, in the annex all. The
same report gives the same bytes, as `render.pdf_file` tells: identifier and dates are those of the
document and of the log's last entry. Signing is not done here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from auditor.core.model.period_report import PeriodReport
from auditor.core.model.status import ControlStatus
from auditor.core.times import format_instant
from auditor.render.pdf import qr_code
from auditor.render.pdf_file import Attached, lay_out, print_style, save_compact, unchanged
from auditor.render.period.annex import PART, TAGGED, Annex, Part, open_press, tables
from auditor.render.period.annex_pages import put_annexes
from auditor.render.period.interface import DOCUMENT
from auditor.render.period.json_v1 import PeriodJsonRenderer, document_digest
from auditor.render.period.view.context import NAMES, context
from auditor.render.templates import environment
from auditor.render.view.words import plural

_FOLDER, _SHARED = "period/pdf", "pdf"
_MOST_PAGES = 6_000
"""Pages before the annexes, of which the total is known; more are numbered without it."""
_LEGEND = (
    (ControlStatus.FAIL, "fail"),
    (ControlStatus.ERROR, "error"),
    (ControlStatus.MANUAL, "manual"),
    (ControlStatus.PASS, "pass or waived"),
    (ControlStatus.NOT_APPLICABLE, "not applicable"),
    (ControlStatus.NOT_TESTED, "not tested"),
    (None, "no evidence"),
)


@dataclass(frozen=True, slots=True)
class PeriodPdfRenderer:
    """One PDF file.

    Args:
        rows: Most findings on the pages, the worst first, and most rows of each other list there.
            The number left out is stated, and the annex and the attachment have all.
        part: Rows of an annex that are laid out at once; memory grows with them.
        tagged: Rows up to which an annex has tags; longer ones would take too much memory.
    """

    rows: int = 150
    part: int = PART
    tagged: int = TAGGED
    name: str = "pdf"
    suffix: str = ".pdf"
    media_type: str = "application/pdf"

    def render(self, report: PeriodReport) -> bytes:
        """The file.

        Raises:
            DependencyError: WeasyPrint, Pango, Typst, pikepdf or segno is not installed.
            InternalError: The templates are missing from the installation.
        """
        findings, names = len(report.findings) > self.rows, _leaves_out_names(report)
        with open_press(self.part, self.tagged) as press, ExitStack() as opened:
            annexes = [
                press.annex(one) for one in tables(report, findings=findings, populations=names)
            ]
            parts = [part.data for annex in annexes for part in annex.parts]

            def amend(pdf: Any) -> None:
                begin = len(pdf.pages) - len(parts) + 1
                margins = press.margins(annexes, report.organisation, _log_line(report), begin)
                put_annexes(pdf, parts, margins, opened)

            return save_compact(self._lay_out(report, annexes), amend if parts else unchanged)

    def _lay_out(self, report: PeriodReport, annexes: list[Annex]) -> bytes:
        """All but the annexes, with a page kept free for each part of one."""
        document = PeriodJsonRenderer().render(report)
        attached = Attached(DOCUMENT, document, "The whole report, schema period-1", "Source")
        when = report.log.time.astimezone(UTC)
        return lay_out(self._page(report, annexes), document_digest(report), when, [attached])

    def _page(self, report: PeriodReport, annexes: list[Annex]) -> str:
        engine = environment(_FOLDER, _SHARED, whole=f"the attached {DOCUMENT}")
        head = f"{report.log.origin}\n{report.log.size}\n{report.log.root}\n"
        placed = list(_placed(annexes))
        besides = sum(one.part.pages for one in placed) - len(placed)
        return engine.get_template("report.html.j2").render(
            context(report, self.rows, annexed=len(report.findings) > self.rows),
            annexes=annexes,
            placed=placed,
            totals=range(1 + besides, _MOST_PAGES + besides),
            runs_annex=bool(report.runs),
            legend=_LEGEND,
            signers=sorted(Counter(one.signer for one in report.runs if one.statement).items()),
            timestamped=sum(one.timestamped for one in report.runs),
            targets=max((one.targets for one in report.runs), default=0),
            qr=qr_code(head),
            log_line=_log_line(report),
            stamp=format_instant(report.log.time.replace(microsecond=0)),
            style=print_style("pdf/report.css", "period/pdf/period.css"),
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """A part of an annex, its anchor, and by how much its first page is behind the one before."""

    part: Part
    anchor: str
    step: int


def _placed(annexes: list[Annex]) -> Iterator[Placed]:
    step = 1
    for annex in annexes:
        for part in annex.parts:
            behind = f"-{part.number}" if part.number else ""
            yield Placed(part, f"{annex.anchor}{behind}", step)
            step = part.pages


def _log_line(report: PeriodReport) -> str:
    return f"log of {plural(report.log.size, 'entry', 'entries')}"


def _leaves_out_names(report: PeriodReport) -> bool:
    return any(
        len(items) > NAMES
        for control in report.controls
        for check in control.checks
        for items in (
            check.population.added,
            check.population.vanished,
            check.population.recreated,
        )
    )
