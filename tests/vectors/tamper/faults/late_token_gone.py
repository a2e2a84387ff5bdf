from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.statement("B").with_name("statement.1.tsr").unlink()


FAULT = Fault(
    attack="deleted the time-stamp that came after the run",
    artefact="store",
    step=5,
    says="statement.1.tsr",
    apply=apply,
    threat="backdating",
)
