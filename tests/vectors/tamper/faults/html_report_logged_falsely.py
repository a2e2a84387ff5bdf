from __future__ import annotations

from auditor.attest.page_signature import sign_page, split_page
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault, changed
from tests.vectors.tamper.insider import log_report, run_key


def apply(case: Case) -> None:
    page = split_page(case.report("html").read_bytes()).page
    log_report(
        case, sign_page(changed(page, b"ben is wrong", b"ben is right"), run_key(case)), "html"
    )


FAULT = Fault(
    attack="wrote a false HTML report, signed it with the real key and noted it in the log",
    artefact="report",
    step=8,
    says="rendered again",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    verdict=CANNOT_TELL,
    threat="report differs from data",
)
