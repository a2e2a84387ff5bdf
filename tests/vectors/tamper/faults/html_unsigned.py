from __future__ import annotations

from auditor.attest.page_signature import split_page
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault, changed


def apply(case: Case) -> None:
    case.subject = case.report("html")
    case.since = None
    page = split_page(case.report("html").read_bytes()).page
    case.report("html").write_bytes(changed(page, b"ben is wrong", b"ben is right"))


FAULT = Fault(
    attack="took the signature off a changed HTML report",
    artefact="report",
    step=8,
    says="not signed",
    apply=apply,
    verdict=CANNOT_TELL,
    threat="report differs from data",
)
