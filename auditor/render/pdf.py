"""PDF for print and for the file: A4, tagged, PDF/A-3u, with the assessment attached as JSON.

The same assessment gives the same bytes, with the same versions of WeasyPrint, Pango and of the
fonts for scripts other than Latin: identifier and dates are those of the run. Signing is not done
here. Layout costs about 10 ms for each row of a table, so the findings are capped; all of them
are in the attachment. Standards: ISO 19005-3 (PDF/A-3), ISO 32000-1 14.8 (tags).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from markupsafe import Markup

from auditor.core.model.assessment import Assessment
from auditor.core.times import format_instant
from auditor.errors import DependencyError
from auditor.render.fonts import LATIN, LATIN_EXTENDED, font_faces
from auditor.render.json_v1 import JsonRenderer, document_digest
from auditor.render.page import context
from auditor.render.templates import environment, read_asset
from auditor.render.view.controls import NEEDS_ATTENTION

_FOLDER = "pdf"
ATTACHMENT = "assessment.json"


@dataclass(frozen=True, slots=True)
class PdfRenderer:
    """One PDF file.

    Args:
        findings: Most findings listed, the worst first, of those that do not pass; also the most
            rows of the other long lists. The number left out is stated.
    """

    findings: int = 300
    name: str = "pdf"
    suffix: str = ".pdf"
    media_type: str = "application/pdf"

    def render(self, assessment: Assessment) -> bytes:
        """The file.

        Raises:
            DependencyError: WeasyPrint or Pango is not installed.
            InternalError: The templates are missing from the installation.
        """
        weasyprint = _weasyprint()
        faces = font_faces(LATIN + LATIN_EXTENDED, Path.as_uri)
        text = (
            environment(_FOLDER)
            .get_template("report.html.j2")
            .render(
                context(assessment, NEEDS_ATTENTION, self.findings),
                most=self.findings,
                stamp=format_instant(assessment.finished_at.replace(microsecond=0)),
                style=Markup(f"{faces}\n{read_asset(_FOLDER, 'report.css')}"),  # noqa: S704 - ours
            )
        )
        return _lay_out(weasyprint, text, assessment)


def _lay_out(weasyprint: Any, text: str, assessment: Assessment) -> bytes:
    # Only files: whatever was collected, nothing is ever fetched.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"file"}, fail_on_errors=True)
    with warnings.catch_warnings():
        # WeasyPrint 70 leaves its own colour profile to be closed by the garbage collector.
        warnings.filterwarnings("ignore", "unclosed file .*sRGB2014", ResourceWarning)
        pdf: bytes = weasyprint.HTML(string=text, url_fetcher=fetcher).write_pdf(
            pdf_variant="pdf/a-3u",
            pdf_tags=True,
            pdf_identifier=document_digest(assessment).encode(),
            attachments=[_attachment(weasyprint, assessment)],
        )
    return pdf


def _attachment(weasyprint: Any, assessment: Assessment) -> object:
    when = assessment.finished_at.astimezone(UTC)
    return weasyprint.Attachment(
        string=JsonRenderer().render(assessment),
        name=ATTACHMENT,
        description="The whole assessment, schema assessment-1",
        created=when,
        modified=when,
        relationship="Source",
    )


def _weasyprint() -> Any:
    """The layout engine; it is not a dependency of the program, and slow to import."""
    try:
        import weasyprint  # an optional extra, and half a second
    except ImportError as error:
        raise DependencyError(
            "PDF needs WeasyPrint, which is not installed", hint="pip install 'auditor[pdf]'"
        ) from error
    except OSError as error:  # it loads Pango when it is imported
        raise DependencyError(
            f"PDF needs the library Pango, which does not load: {error}",
            hint="apt-get install libpango-1.0-0 libpangoft2-1.0-0",
        ) from error
    return weasyprint
