from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, replace_once


def apply(case: Case) -> None:
    case.subject, case.store = case.report("html"), case.evidence
    replace_once(case.report("html"), b"ben is wrong", b"ben is right")


FAULT = Fault(
    attack="changed an HTML report that is compared with the store",
    artefact="report",
    step=8,
    says="the log has recorded no report",
    apply=apply,
    threat="report differs from data",
)
