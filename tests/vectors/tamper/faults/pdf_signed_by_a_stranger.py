from __future__ import annotations

from datetime import timedelta

from auditor.app.reports.pdf_signing import sign_pdf
from auditor.app.signing_keys.listing import LIFETIME
from auditor.keys.certificate import Subject, self_signed
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import stranger


def apply(case: Case) -> None:
    case.subject = case.report("pdf")
    case.since = None
    key = stranger(case)
    unsigned = case.report("pdf").read_bytes()
    unsigned = unsigned[: unsigned.index(b"%%EOF") + 6]
    certificate = self_signed(
        key, Subject("Example Ltd"), case.honest.now - timedelta(days=9), LIFETIME
    )
    made = sign_pdf(unsigned, key, certificate, (), lambda _line: None)
    case.report("pdf").write_bytes(made.data)


FAULT = Fault(
    attack="wrote a PDF report and signed it with a key of one's own",
    artefact="report",
    step=8,
    says="unknown key",
    apply=apply,
    needs="keys of one's own",
    verdict=CANNOT_TELL,
    threat="report differs from data",
)
