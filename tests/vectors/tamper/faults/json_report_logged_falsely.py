from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, changed
from tests.vectors.tamper.insider import log_report


def apply(case: Case) -> None:
    data = case.report("json").read_bytes()
    log_report(case, changed(data, b'"fail"', b'"pass"'), "json")


FAULT = Fault(
    attack="wrote a false JSON report and noted it in the log",
    artefact="report",
    step=8,
    says="does not say what the signed data",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="report differs from data",
)
