from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, flip


def apply(case: Case) -> None:
    flip(case.statement("D"))


FAULT = Fault(
    attack="changed a bit of a run's signed statement",
    artefact="store",
    step=5,
    says="another digest than `run.end`",
    apply=apply,
)
