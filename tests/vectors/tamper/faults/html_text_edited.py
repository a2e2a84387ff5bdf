from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, replace_once


def apply(case: Case) -> None:
    case.subject = case.report("html")
    case.since = None
    replace_once(case.report("html"), b"ben is wrong", b"ben is right")


FAULT = Fault(
    attack="changed a text that the HTML report shows",
    artefact="report",
    step=8,
    says="not the one that was signed",
    apply=apply,
    threat="report differs from data",
)
