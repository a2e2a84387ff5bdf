from __future__ import annotations

from auditor.attest.page_signature import split_page
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.report("html")
    case.since = None
    data = case.report("html").read_bytes()
    page = split_page(data).page
    start = page.index(b'id="proof">') + 200
    changed = page[:start] + bytes([page[start] ^ 1]) + page[start + 1 :]
    case.report("html").write_bytes(changed + data[len(page) :])


FAULT = Fault(
    attack="changed the proof that the HTML report carries",
    artefact="report",
    step=5,
    says="statement has another digest",
    apply=apply,
    threat="report differs from data",
)
