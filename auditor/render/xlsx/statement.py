"""The Statement of Applicability as a workbook: a cover, the rows, and what does not fit."""

from __future__ import annotations

from auditor.core.model.soa import SoaLine, Statement
from auditor.core.times import format_instant
from auditor.render.glossary import REQUIREMENT_LABEL
from auditor.render.xlsx.book import Book, Column, Identity, Row, Rows, Sheet
from auditor.render.xlsx.report import sheets

_NOTE = "all of it is in the file that this was made of"


def render_statement_xlsx(statement: Statement) -> bytes:
    """The workbook.

    Raises:
        DependencyError: XlsxWriter is not installed.
    """
    identity = Identity(
        title="Statement of Applicability",
        organisation=statement.organisation,
        created=statement.now,
        reference=f"version {statement.file.version}, run {statement.run}",
    )
    book = Book(identity)
    cover = book.cover()
    written = [
        book.add(Sheet("statement", _COLUMNS, map(_row, statement.lines), _NOTE)),
        book.add(Sheet("to be settled", _ISSUES, _issues(statement), _NOTE)),
    ]
    file = statement.file
    cover.heading(f"Statement of Applicability: {statement.organisation}", first=True)
    cover.line("Framework", statement.framework)
    cover.line("Version", file.version)
    cover.line("Scope", file.scope or "not stated", "plain")
    cover.line("Approved", _approved(statement))
    cover.heading("Rows")
    for decision in ("included", "excluded", "undecided"):
        cover.line(decision, statement.count(decision))
    cover.heading("What was tested")
    cover.line("Run", statement.run, "mono")
    cover.line("Judged at", format_instant(statement.now))
    cover.line("Verdicts", statement.verdicts, "mono")
    cover.line("Log", statement.log or "not recorded: this run is in no log", "mono")
    cover.line("Made of the file", statement.source_digest, "mono")
    cover.line(
        "What it does not say",
        "Decisions and justifications are the organisation's. A tested control may cover a part of"
        " a row only; no row is called met here.",
        "plain",
    )
    sheets(cover, written)
    return book.to_bytes()


_COLUMNS = (
    Column("Id", 9, "code"),
    Column("Control of Annex A", 34),
    Column("Decision", 12),
    Column("Justification", 46),
    Column("Implementation", 16),
    Column("Controls", 34),
    Column("Tested in the run", 18, "status"),
    Column("Deviations", 10, "number"),
    Column("Undecided", 10, "number"),
    Column("Waived", 9, "number"),
    Column("Note", 28),
    Column("To be settled", 34),
    Column("Evidence", 74, "code"),
)
_ISSUES = (
    Column("Id", 9, "code"),
    Column("Control of Annex A", 46),
    Column("What does not fit", 60),
)


def _row(line: SoaLine) -> Row:
    row = line.row
    return (
        row.id,
        line.title,
        row.decision,
        row.justification,
        row.implementation.replace("_", " "),
        "; ".join(line.controls) or "none",
        REQUIREMENT_LABEL[line.state],
        line.deviations,
        line.undecided,
        line.waived,
        row.note,
        "; ".join(line.issues),
        "; ".join(line.evidence),
    )


def _issues(statement: Statement) -> Rows:
    for line in statement.lines:
        for issue in line.issues:
            yield (line.row.id, line.title, issue)


def _approved(statement: Statement) -> str:
    file = statement.file
    if not file.approved_by:
        return "not approved"
    return f"by {file.approved_by}, {file.approved_on or 'no date given'}"
