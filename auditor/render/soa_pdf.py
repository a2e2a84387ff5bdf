"""The Statement of Applicability as PDF: A4 landscape, tagged, PDF/A-3u, its file attached.

In the style of the report of a run and under the same rules: equal statements give equal bytes,
nothing is fetched, nothing is signed here.
"""

from __future__ import annotations

from auditor.core.model.soa import Statement
from auditor.core.times import format_instant
from auditor.render.pdf_file import Attached, lay_out, print_style, save_compact, unchanged
from auditor.render.templates import environment

ATTACHMENT = "soa.yaml"


def render_statement_pdf(statement: Statement) -> bytes:
    """The file.

    Raises:
        DependencyError: WeasyPrint, Pango or pikepdf is not installed.
        InternalError: The templates are missing from the installation.
    """
    page = (
        environment("soa")
        .get_template("statement.html.j2")
        .render(
            s=statement,
            issues=_issues(statement),
            stamp=format_instant(statement.now.replace(microsecond=0)),
            style=print_style("pdf/report.css", "soa/statement.css"),
        )
    )
    attached = Attached(
        ATTACHMENT,
        statement.source.encode(),
        "The file that this was made of, schema soa-1",
        "Source",
    )
    identifier = f"{statement.source_digest} {statement.verdicts}"
    laid_out = lay_out(page, identifier, statement.now, [attached])
    return save_compact(laid_out, unchanged)


def _issues(statement: Statement) -> list[tuple[str, list[str]]]:
    """Each thing that does not fit, with the ids of its rows."""
    found: dict[str, list[str]] = {}
    for line in statement.lines:
        for issue in line.issues:
            found.setdefault(issue, []).append(line.row.id)
    return sorted(found.items())
