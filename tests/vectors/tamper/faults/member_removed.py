from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    members = case.members()
    name = next(name for name in sorted(members) if name.startswith("blobs/"))
    del members[name]
    case.give(members)


FAULT = Fault(
    attack="took a file out of the bundle",
    artefact="bundle",
    step=1,
    says="blobs/sha256",
    apply=apply,
)
