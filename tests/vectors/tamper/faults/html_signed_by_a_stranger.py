from __future__ import annotations

from auditor.attest.page_signature import sign_page, split_page
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault, changed
from tests.vectors.tamper.insider import stranger


def apply(case: Case) -> None:
    case.subject = case.report("html")
    case.since = None
    page = changed(
        split_page(case.report("html").read_bytes()).page, b"ben is wrong", b"ben is right"
    )
    case.report("html").write_bytes(sign_page(page, stranger(case)))


FAULT = Fault(
    attack="wrote an HTML report and signed it with a key of one's own",
    artefact="report",
    step=8,
    says="unknown key",
    apply=apply,
    needs="keys of one's own",
    verdict=CANNOT_TELL,
    threat="report differs from data",
)
