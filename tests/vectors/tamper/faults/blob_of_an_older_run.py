from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    old, new = case.run("C").collects[0].blob, case.run("D").collects[0].blob
    case.blob(new).write_bytes(case.blob(old).read_bytes())


FAULT = Fault(
    attack="put the evidence of an older run in the place of the new",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
)
