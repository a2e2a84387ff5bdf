from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    (case.log / "checkpoint").unlink()


FAULT = Fault(
    attack="deleted the checkpoint",
    artefact="store",
    step=2,
    says="log/checkpoint",
    apply=apply,
)
