"""The workbook of a run: a cover, requirements, controls, findings, populations, waivers, coverage.

Attestations, samples and the Statement of Applicability are of a period or of the organisation, not
of one run: they have workbooks of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.rollup import exit_code
from auditor.core.times import format_instant
from auditor.render.glossary import LIMITS, OUTCOME_MEANING, STATUS_LABEL, STATUS_MEANING
from auditor.render.json_v1 import document_digest
from auditor.render.view.declared import DECLARED, MEANING, judged_on
from auditor.render.view.words import STATUS_ORDER, label
from auditor.render.xlsx.book import MEDIA_TYPE, Book, Cover, Identity, Written
from auditor.render.xlsx.controls import controls, not_tested, requirements, waivers
from auditor.render.xlsx.findings import findings, populations
from auditor.render.xlsx.reading import not_read, readings

_SHEETS = (
    requirements,
    controls,
    findings,
    populations,
    waivers,
    not_tested,
    not_read,
    readings,
)


@dataclass(frozen=True, slots=True)
class XlsxRenderer:
    """One workbook."""

    name: str = "xlsx"
    suffix: str = ".xlsx"
    media_type: str = MEDIA_TYPE

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The file.

        Raises:
            DependencyError: XlsxWriter is not installed.
            LedgerError: The assessment holds a value that canonical JSON forbids.
        """
        del proof  # a table carries none
        digest = document_digest(assessment)
        identity = Identity(
            title=f"Control test report, run {assessment.run}",
            organisation=assessment.organisation,
            created=assessment.now,
            reference=f"run {assessment.run}",
        )
        book = Book(identity)
        cover = book.cover()
        written = [book.add(make(assessment)) for make in _SHEETS]
        _fill(cover, assessment, digest, written)
        return book.to_bytes()


def _fill(cover: Cover, assessment: Assessment, digest: str, written: list[Written]) -> None:
    cover.heading(f"Control test report: {assessment.organisation or 'not named'}", first=True)
    cover.line("Outcome", f"{label(assessment.outcome.value)}: {_meaning(assessment)}")
    cover.heading("Scope")
    names = [f"{f.title} ({f.version})" for f in assessment.frameworks]
    cover.line("Frameworks", "; ".join(names) or "none")
    cover.line("Targets", "; ".join(_targets(assessment)) or "none")
    told = judged_on(assessment)
    if told:
        cover.line("Judged", f"{told}. {MEANING}.", "plain")
    cover.heading("Findings")
    for status in STATUS_ORDER:
        cover.line(STATUS_LABEL[status], assessment.counts[status.value])
    cover.line("checks not tested", len(assessment.not_tested))
    cover.heading("Run")
    cover.line("Run", assessment.run, "mono")
    cover.line("Judged at", format_instant(assessment.now))
    cover.line("Run ended", format_instant(assessment.finished_at))
    cover.line("Made by", f"{assessment.tool}, engine {assessment.engine}")
    _log(cover, assessment)
    cover.heading("How to check this workbook")
    cover.line("JSON report", digest, "mono")
    cover.line("Compare", f"auditor report --run {assessment.run} --format json | sha256sum")
    cover.line("Verify", "auditor verify PATH --trust DIR checks log, evidence and verdicts")
    sheets(cover, written)
    cover.heading("What the words mean")
    for status in STATUS_ORDER:
        cover.line(STATUS_LABEL[status], STATUS_MEANING[status], "plain")
    cover.heading("Limits")
    for number, limit in enumerate(LIMITS, 1):
        cover.line(f"{number}", limit, "plain")


def sheets(cover: Cover, written: Iterable[Written]) -> None:
    """List the sheets, and what does not stand in them."""
    cover.heading("Sheets")
    for sheet in written:
        said = f"{sheet.rows:,} rows"
        if sheet.left_out:
            said += f"; {sheet.left_out:,} more are left out: a sheet has no room for them"
        if sheet.cut:
            said += f"; {sheet.cut:,} cells were cut: they say how much is missing"
        cover.line(sheet.name, said)


def _meaning(assessment: Assessment) -> str:
    outcome = assessment.outcome
    return f"{OUTCOME_MEANING[outcome]} (exit code {exit_code(outcome).value})"


def _targets(assessment: Assessment) -> list[str]:
    return [
        f"{target.name} ({target.kind}, {target.environment}"
        f"{f', {DECLARED}' if target.declared else ''})"
        for target in assessment.targets
    ]


def _log(cover: Cover, assessment: Assessment) -> None:
    cover.line("Policy", assessment.policy_digest, "mono")
    cover.line("Verdicts", assessment.verdicts_digest, "mono")
    log = assessment.log
    if log is None:
        cover.line("Log", "not recorded: this run is in no log")
        return
    cover.line("Log", f"{log.origin}, {log.size} entries, this run {log.first} to {log.last}")
    cover.line("Root", log.root, "mono")
    cover.line("Statement", log.statement or "not signed", "mono")
    cover.line("Signed by", log.signer or "nobody", "mono")
    cover.line("Time-stamp", "by another party" if log.timestamped else "untimed")
