from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, flip


def apply(case: Case) -> None:
    flip(case.log / "tile/0/000.p" / case.entry_bundle.name)


FAULT = Fault(
    attack="changed a hash in a tile of the tree",
    artefact="store",
    step=3,
    says="log/tile/0/000.p/36",
    apply=apply,
)
