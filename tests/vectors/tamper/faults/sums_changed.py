from __future__ import annotations

from auditor.attest.package import SUMS
from tests.vectors.tamper.case import Case, Fault, changed


def apply(case: Case) -> None:
    members = case.members()
    members[SUMS] = changed(members[SUMS], b"VERIFY.md", b"VERIFY.MD")
    case.give(members)


FAULT = Fault(
    attack="changed the list of checksums",
    artefact="bundle",
    step=1,
    says="SHA256SUMS",
    apply=apply,
)
