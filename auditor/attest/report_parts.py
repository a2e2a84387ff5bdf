"""What a report of any format carries: its proof, its assessment, and who signed the whole.

Reads PDF, HTML and JSON strictly and believes nothing; `report_proof` verifies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.attest.page_signature import SignedPage, split_page
from auditor.attest.report_pdf import PdfReport, read_pdf
from auditor.core.model.report_proof import ReportProof
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.encoding import decode_base64, parse_object

MAX_REPORT = 256 * 1024 * 1024
_PDF = b"%PDF-"
_HTML = b"<!doctype html>"
_JSON = b"{"
_PROOF = re.compile(rb'<script type="application/json" id="proof">([^<]*)</script>')
_PARTS = {"bundle", "end_entry", "end_proof", "verdicts", "log_key", "run_key"}
ATTACHED: Mapping[str, str] = {
    "bundle": "statement.sigstore.json",
    "end_entry": "run-end.json",
    "end_proof": "run.tlog-proof",
    "verdicts": "verdicts.json",
    "log_key": "log.vkey",
    "run_key": "run.pub",
}
ASSESSMENT = "assessment.json"
CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class ReportParts:
    """A report taken apart.

    Args:
        form: `pdf`, `html`, `json`, or "" for a file that is none of them.
        proof: None where the report carries none.
        assessment: The bytes of the JSON document, None where the format does not carry it.
        page: The HTML page and its signature.
        pdf: The PDF as it was read.
    """

    form: str
    proof: ReportProof | None = None
    assessment: bytes | None = None
    page: SignedPage | None = None
    pdf: PdfReport | None = None

    @property
    def signed(self) -> bool:
        """It bears a signature of its own, be it good or bad."""
        in_page = self.page is not None and self.page.envelope is not None
        return in_page or (self.pdf is not None and self.pdf.signature is not None)


def read_report(data: bytes) -> ReportParts:
    """Take a report apart.

    Raises:
        VerificationError: It is damaged, or not in the form in which it was written.
    """
    if len(data) > MAX_REPORT:
        raise VerificationError(f"a report of {len(data)} bytes, expected at most {MAX_REPORT}")
    if data.startswith(_PDF):
        return _read_pdf_report(data)
    if data.lstrip().startswith(_HTML):
        page = split_page(data)
        return ReportParts("html", proof=_embedded(page.page), page=page)
    if data.startswith(_JSON):
        return ReportParts("json", assessment=data)
    return ReportParts("")


def _read_pdf_report(data: bytes) -> ReportParts:
    pdf = read_pdf(data)
    parts = {name: pdf.attachments.get(file) for name, file in ATTACHED.items()}
    there = {name: value for name, value in parts.items() if value is not None}
    if there and len(there) < len(parts):
        missing = ", ".join(ATTACHED[name] for name in sorted(parts.keys() - there.keys()))
        raise VerificationError(f"a part of the proof is not attached: {missing}")
    proof = None
    if there:
        proof = _proof(there | {"log_key": there["log_key"].removesuffix(b"\n")})
        if pdf.attachments.get(CHECKPOINT) != proof.checkpoint:
            raise VerificationError("the attached checkpoint is not that of the attached proof")
    return ReportParts("pdf", proof, pdf.attachments.get(ASSESSMENT), pdf=pdf)


def _embedded(page: bytes) -> ReportProof | None:
    found = _PROOF.findall(page)
    if not found:
        return None
    if len(found) > 1:
        raise VerificationError("the page carries two proofs")
    try:
        document = parse_object(found[0], limit=MAX_REPORT)
        parts = {name: decode_base64(str(value)) for name, value in document.items()}
    except LedgerError as error:
        raise VerificationError(f"embedded proof: {error.message}") from error
    if set(parts) != _PARTS:
        raise VerificationError("embedded proof: expected the parts of one run's proof")
    return _proof(parts)


def _proof(parts: Mapping[str, bytes]) -> ReportProof:
    try:
        return ReportProof.from_parts(parts)
    except UnicodeDecodeError as error:
        raise VerificationError("a key of the proof is not ASCII text") from error
