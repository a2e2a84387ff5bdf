from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, swap


def apply(case: Case) -> None:
    one, two = case.run("D").collects[:2]
    swap(case.blob(one.blob), case.blob(two.blob))


FAULT = Fault(
    attack="exchanged the evidence of two readings",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
)
