from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, changed


def apply(case: Case) -> None:
    members = case.members()
    members["log/checkpoint"] = changed(members["log/checkpoint"], b"\n36\n", b"\n35\n")
    case.give(members)


FAULT = Fault(
    attack="changed the checkpoint in the bundle",
    artefact="bundle",
    step=2,
    says="log/checkpoint",
    apply=apply,
)
