from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    path = case.blob(case.run("D").collects[0].blob)
    path.write_bytes(path.read_bytes()[:-9])


FAULT = Fault(
    attack="cut the end off a piece of evidence",
    artefact="store",
    step=6,
    says="stored bytes",
    apply=apply,
)
