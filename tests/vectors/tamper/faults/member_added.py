from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    members = case.members()
    members["reports/better.pdf"] = b"%PDF-1.7"
    case.give(members)


FAULT = Fault(
    attack="put a file into the bundle",
    artefact="bundle",
    step=1,
    says="does not list this member",
    apply=apply,
)
