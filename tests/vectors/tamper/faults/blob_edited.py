from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, flip


def apply(case: Case) -> None:
    flip(case.blob(case.run("D").collects[0].blob))


FAULT = Fault(
    attack="changed a bit of the evidence",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
)
