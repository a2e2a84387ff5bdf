"""PDF for print and for the file: A4, tagged, PDF/A-3u, with assessment and proof attached.

The same assessment and proof give the same bytes, as `pdf_file` tells: identifier and dates are
those of the run. Signing is not done here; it adds to the file and changes no byte of it. Layout
costs about 10 ms for each row of a table, so the findings are capped and long texts are cut; all
of them are in the attachment. Standards: ISO 19005-3 (PDF/A-3), ISO/IEC 18004 (QR).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from markupsafe import Markup

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.times import format_instant
from auditor.render.json_v1 import JsonRenderer, document_digest
from auditor.render.page import context
from auditor.render.pdf_file import (
    Attached,
    lay_out,
    load_segno,
    print_style,
    save_compact,
    unchanged,
)
from auditor.render.templates import environment
from auditor.render.view.controls import NEEDS_ATTENTION

_FOLDER = "pdf"
ATTACHMENT = "assessment.json"
PROOF = "run.tlog-proof"
CHECKPOINT = "checkpoint"
ENTRY = "run-end.json"
STATEMENT = "statement.sigstore.json"
VERDICTS = "verdicts.json"
KEYS = ("log.vkey", "run.pub")
_SCANNED = 500
"""Bytes of a code that a telephone reads from paper, at 36 mm."""


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
        text = (
            environment(_FOLDER, whole=f"the attached {ATTACHMENT}")
            .get_template("report.html.j2")
            .render(
                context(assessment, NEEDS_ATTENTION, self.findings, proof),
                qr=qr_code(proof.checkpoint_body if proof else None),
                stamp=format_instant(assessment.finished_at.replace(microsecond=0)),
                style=print_style("pdf/report.css"),
            )
        )
        when = assessment.finished_at.astimezone(UTC)
        attached = list(_attachments(assessment, proof))
        return save_compact(lay_out(text, document_digest(assessment), when, attached), unchanged)


def qr_code(text: str | None) -> Markup | None:
    """The three lines that the log has signed, as an image to scan.

    None of None, and of a name of a log that is too long for an image to be scanned.

    Raises:
        DependencyError: segno is not installed.
    """
    if text is None or len(text.encode()) > _SCANNED:
        return None
    code = load_segno().make_qr(text, error="m")
    return Markup(code.svg_inline(border=4, omitsize=True))  # noqa: S704 - drawn here


def _attachments(assessment: Assessment, proof: ReportProof | None) -> Iterator[Attached]:
    yield Attached(
        ATTACHMENT,
        JsonRenderer().render(assessment),
        "The whole assessment, schema assessment-1",
        "Source",
    )
    if proof is None:
        return
    contents = {
        STATEMENT: proof.bundle,
        VERDICTS: proof.verdicts,
        ENTRY: proof.end_entry,
        PROOF: proof.end_proof,
        CHECKPOINT: proof.checkpoint,
        KEYS[0]: f"{proof.log_key}\n".encode(),
        KEYS[1]: proof.run_key.encode(),
    }
    for name, description, relationship in _PARTS_OF_PROOF:
        yield Attached(name, contents[name], description, relationship)


_PARTS_OF_PROOF = [
    (STATEMENT, "The signed statement of the run, a Sigstore bundle", "Supplement"),
    (VERDICTS, "The findings as they were signed, schema verdicts-1", "Data"),
    (ENTRY, "The entry of the log that ends the run", "Supplement"),
    (PROOF, "That the entry is in the log (C2SP tlog-proof)", "Supplement"),
    (CHECKPOINT, "The head of the log, signed (C2SP tlog-checkpoint)", "Supplement"),
    (KEYS[0], "The log's key: compare it with what you got by another way", "Supplement"),
    (KEYS[1], "The run's key: compare it with what you got by another way", "Supplement"),
]
