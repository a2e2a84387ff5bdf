from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    members = case.members()
    name = next(name for name in sorted(members) if name.startswith("reports/"))
    members["reports/other.html"] = members.pop(name)
    case.give(members)


FAULT = Fault(
    attack="renamed a file of the bundle",
    artefact="bundle",
    step=1,
    says="does not list this member",
    apply=apply,
)
