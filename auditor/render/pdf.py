"""PDF for print and for the file: A4, tagged, PDF/A-3u, with assessment and proof attached.

The same assessment and proof give the same bytes, with the same versions of WeasyPrint, pikepdf,
Pango and of the fonts for scripts other than Latin: identifier and dates are those of the run.
Signing is not done here; it adds to the file and changes no byte of it. The file is saved again
with its objects in streams, because who checks a signature walks through all objects. Layout
costs about 10 ms for each row of a table, so the findings are capped; all of them are in the
attachment. Standards: ISO 19005-3 (PDF/A-3), ISO 32000-1 14.8 (tags), ISO/IEC 18004 (QR).
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from markupsafe import Markup

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.times import format_instant
from auditor.errors import DependencyError
from auditor.render.fonts import LATIN, LATIN_EXTENDED, font_faces
from auditor.render.json_v1 import JsonRenderer, document_digest
from auditor.render.page import context
from auditor.render.templates import environment, read_asset
from auditor.render.view.controls import NEEDS_ATTENTION

_FOLDER = "pdf"
ATTACHMENT = "assessment.json"
PROOF = "run.tlog-proof"
CHECKPOINT = "checkpoint"
ENTRY = "run-end.json"
STATEMENT = "statement.sigstore.json"
VERDICTS = "verdicts.json"
KEYS = ("log.vkey", "run.pub")
_MISSING_HINT = "pip install 'auditor[pdf]'"


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

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The file.

        Args:
            proof: Attached part by part; its checkpoint is printed on the first page.

        Raises:
            DependencyError: WeasyPrint, Pango, pikepdf or segno is not installed.
            InternalError: The templates are missing from the installation.
            VerificationError: The proof has no checkpoint.
        """
        weasyprint = _weasyprint()
        faces = font_faces(LATIN + LATIN_EXTENDED, Path.as_uri)
        text = (
            environment(_FOLDER)
            .get_template("report.html.j2")
            .render(
                context(assessment, NEEDS_ATTENTION, self.findings, proof),
                qr=_qr_code(proof),
                stamp=format_instant(assessment.finished_at.replace(microsecond=0)),
                style=Markup(f"{faces}\n{read_asset(_FOLDER, 'report.css')}"),  # noqa: S704 - ours
            )
        )
        return _save_compact(_lay_out(weasyprint, text, assessment, proof))


def _qr_code(proof: ReportProof | None) -> Markup | None:
    """The three lines that the log has signed, as an image to scan."""
    if proof is None:
        return None
    try:
        import segno  # an optional extra
    except ImportError as error:
        raise DependencyError("PDF needs segno", hint=_MISSING_HINT) from error
    code = segno.make_qr(proof.checkpoint_body, error="m")
    return Markup(code.svg_inline(border=4, omitsize=True))  # noqa: S704 - drawn here


def _save_compact(data: bytes) -> bytes:
    """The same document with its objects in streams, and an identifier made of its content."""
    try:
        import pikepdf  # an optional extra, with a library of its own
    except ImportError as error:
        raise DependencyError("PDF needs pikepdf", hint=_MISSING_HINT) from error
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        _tidy_attachments(document, pikepdf)
        document.save(
            out,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
        )
    return out.getvalue()


def _tidy_attachments(document: Any, pikepdf: Any) -> None:
    """Each once, and with media types that do not depend on the machine's tables."""
    once = {item.objgen: item for item in document.Root.AF}
    document.Root.AF = pikepdf.Array(list(once.values()))
    for item in once.values():
        kind = "/application/json" if str(item.UF).endswith(".json") else "/text/plain"
        for stream in item.EF.values():
            stream.Subtype = pikepdf.Name(kind)


def _lay_out(
    weasyprint: Any, text: str, assessment: Assessment, proof: ReportProof | None
) -> bytes:
    # Only files: whatever was collected, nothing is ever fetched.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"file"}, fail_on_errors=True)
    with warnings.catch_warnings():
        # WeasyPrint 70 leaves its own colour profile to be closed by the garbage collector.
        warnings.filterwarnings("ignore", "unclosed file .*sRGB2014", ResourceWarning)
        pdf: bytes = weasyprint.HTML(string=text, url_fetcher=fetcher).write_pdf(
            pdf_variant="pdf/a-3u",
            pdf_tags=True,
            pdf_identifier=document_digest(assessment).encode(),
            attachments=list(_attachments(weasyprint, assessment, proof)),
        )
    return pdf


def _attachments(
    weasyprint: Any, assessment: Assessment, proof: ReportProof | None
) -> Iterator[object]:
    when = assessment.finished_at.astimezone(UTC)
    parts = [(ATTACHMENT, "The whole assessment, schema assessment-1", "Source")]
    contents = {ATTACHMENT: JsonRenderer().render(assessment)}
    if proof is not None:
        contents |= {
            STATEMENT: proof.bundle,
            VERDICTS: proof.verdicts,
            ENTRY: proof.end_entry,
            PROOF: proof.end_proof,
            CHECKPOINT: proof.checkpoint,
            KEYS[0]: f"{proof.log_key}\n".encode(),
            KEYS[1]: proof.run_key.encode(),
        }
        parts += _PARTS_OF_PROOF
    for name, description, relationship in parts:
        yield weasyprint.Attachment(
            string=contents[name],
            name=name,
            description=description,
            created=when,
            modified=when,
            relationship=relationship,
        )


_PARTS_OF_PROOF = [
    (STATEMENT, "The signed statement of the run, a Sigstore bundle", "Supplement"),
    (VERDICTS, "The findings as they were signed, schema verdicts-1", "Data"),
    (ENTRY, "The entry of the log that ends the run", "Supplement"),
    (PROOF, "That the entry is in the log (C2SP tlog-proof)", "Supplement"),
    (CHECKPOINT, "The head of the log, signed (C2SP tlog-checkpoint)", "Supplement"),
    (KEYS[0], "The log's key: compare it with what you got by another way", "Supplement"),
    (KEYS[1], "The run's key: compare it with what you got by another way", "Supplement"),
]


def _weasyprint() -> Any:
    """The layout engine; it is not a dependency of the program, and slow to import."""
    try:
        import weasyprint  # an optional extra, and half a second
    except ImportError as error:
        raise DependencyError(
            "PDF needs WeasyPrint, which is not installed", hint=_MISSING_HINT
        ) from error
    except OSError as error:  # it loads Pango when it is imported
        raise DependencyError(
            f"PDF needs the library Pango, which does not load: {error}",
            hint="apt-get install libpango-1.0-0 libpangoft2-1.0-0",
        ) from error
    return weasyprint
