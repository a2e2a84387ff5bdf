from __future__ import annotations

from auditor.attest.package import SIGNATURE
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    members = case.members()
    del members[SIGNATURE]
    case.give(members)


FAULT = Fault(
    attack="took the manifest's signature away",
    artefact="bundle",
    step=1,
    says="manifest.json.sig",
    apply=apply,
)
