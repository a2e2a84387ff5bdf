from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    members = case.members()
    one, two = "entries/26.json", "entries/27.json"
    members[one], members[two] = members[two], members[one]
    case.give(members)


FAULT = Fault(
    attack="exchanged two files of the bundle",
    artefact="bundle",
    step=1,
    says="entries/26.json",
    apply=apply,
)
