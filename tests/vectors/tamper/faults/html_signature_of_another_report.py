from __future__ import annotations

from auditor.attest.page_signature import split_page
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.report("html")
    case.since = None
    old = (case.folder / "reports" / "old-report.html").read_bytes()
    signature = old[len(split_page(old).page) :]
    case.report("html").write_bytes(split_page(case.report("html").read_bytes()).page + signature)


FAULT = Fault(
    attack="put the signature of another report behind a page",
    artefact="report",
    step=8,
    says="not the one that was signed",
    apply=apply,
    threat="report differs from data",
)
