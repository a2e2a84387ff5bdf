from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, replace_once


def apply(case: Case) -> None:
    replace_once(case.log / "checkpoint", b"example-ltd/", b"example-inc/")


FAULT = Fault(
    attack="renamed the log in its checkpoint",
    artefact="store",
    step=2,
    says="log/checkpoint",
    apply=apply,
)
