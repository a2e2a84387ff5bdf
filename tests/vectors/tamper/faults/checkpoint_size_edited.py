from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, replace_once


def apply(case: Case) -> None:
    replace_once(case.log / "checkpoint", b"\n36\n", b"\n30\n")


FAULT = Fault(
    attack="wrote a smaller size into the checkpoint",
    artefact="store",
    step=2,
    says="log/checkpoint",
    apply=apply,
)
