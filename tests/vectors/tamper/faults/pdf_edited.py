from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, flip


def apply(case: Case) -> None:
    case.subject = case.report("pdf")
    case.since = None
    flip(case.report("pdf"))


FAULT = Fault(
    attack="changed a byte of the PDF report",
    artefact="report",
    step=8,
    says="does not fit the PDF",
    apply=apply,
    threat="report differs from data",
)
