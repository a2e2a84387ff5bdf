from __future__ import annotations

from datetime import timedelta

from auditor.app.reports.pdf_signing import sign_pdf
from auditor.keys.certificate import Subject, self_signed
from auditor.keys.file import load_key
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import log_report


def apply(case: Case) -> None:
    key = load_key(case.work / "keys" / "run.pem")
    unsigned = case.report("pdf").read_bytes()
    unsigned = unsigned[: unsigned.index(b"%%EOF") + 6]
    begin = case.honest.now - timedelta(days=481)
    certificate = self_signed(key, Subject("Example Ltd"), begin, timedelta(days=900))
    case.trust(lambda trust: trust.model_copy(update={"certificate_authorities": ()}))
    log_report(case, sign_pdf(unsigned, key, certificate, (), lambda _line: None).data, "pdf")


FAULT = Fault(
    attack="signed a PDF report with the run key that was rotated out, and noted it in the log",
    artefact="report",
    step=8,
    says="was replaced by entry 14",
    apply=apply,
    needs="the old run key, the log key, and witnesses that saw nothing else",
    threat="key theft",
)
