from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, replace_once


def apply(case: Case) -> None:
    case.subject, case.store = case.report("json"), case.evidence
    replace_once(case.report("json"), b'"fail"', b'"pass"')


FAULT = Fault(
    attack="changed a JSON report",
    artefact="report",
    step=8,
    says="the log has recorded no report",
    apply=apply,
    threat="report differs from data",
)
