from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, swap


def apply(case: Case) -> None:
    swap(case.statement("C"), case.statement("D"))


FAULT = Fault(
    attack="exchanged the signed statements of two runs",
    artefact="store",
    step=5,
    says="another digest than `run.end`",
    apply=apply,
)
