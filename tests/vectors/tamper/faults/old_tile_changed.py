from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, flip


def apply(case: Case) -> None:
    flip(case.log / "tile/0/000.p/22")


FAULT = Fault(
    attack="changed a tile that an earlier checkpoint needs",
    artefact="store",
    step=3,
    says="log/tile/0/000.p/22",
    apply=apply,
)
