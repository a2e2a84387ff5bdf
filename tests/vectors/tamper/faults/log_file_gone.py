from __future__ import annotations

import shutil

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    shutil.rmtree(case.log / "tile" / "entries")


FAULT = Fault(
    attack="deleted the file of entries",
    artefact="store",
    step=3,
    says="tile/entries",
    apply=apply,
)
