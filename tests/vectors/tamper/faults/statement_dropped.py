from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.statement("D").unlink()


FAULT = Fault(
    attack="deleted a run's signed statement",
    artefact="store",
    step=5,
    says="statement.sigstore.json",
    apply=apply,
)
