from __future__ import annotations

from auditor.attest.page_signature import sign_page, split_page
from auditor.keys.file import load_key
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import log_report


def apply(case: Case) -> None:
    page = split_page(case.report("html").read_bytes()).page
    log_report(case, sign_page(page, load_key(case.work / "keys" / "run.pem")), "html")


FAULT = Fault(
    attack="signed an HTML report with the run key that was rotated out, and noted it in the log",
    artefact="report",
    step=8,
    says="was replaced by entry 14",
    apply=apply,
    needs="the old run key, the log key, and witnesses that saw nothing else",
    threat="key theft",
)
