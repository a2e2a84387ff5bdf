from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, changed


def apply(case: Case) -> None:
    members = case.members()
    name = next(name for name in sorted(members) if name.startswith("reports/"))
    members[name] = changed(members[name], b"ben is wrong", b"ben is right")
    case.give(members)


FAULT = Fault(
    attack="changed a file of the bundle",
    artefact="bundle",
    step=1,
    says="another digest than the manifest says",
    apply=apply,
)
