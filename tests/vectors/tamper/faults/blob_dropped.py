from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.blob(case.run("D").collects[0].blob).unlink()


FAULT = Fault(
    attack="deleted a piece of evidence; no entry says that it was pruned",
    artefact="store",
    step=6,
    says="blobs/sha256",
    apply=apply,
)
