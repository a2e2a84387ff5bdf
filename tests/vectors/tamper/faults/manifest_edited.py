from __future__ import annotations

from auditor.attest.package import MANIFEST
from tests.vectors.tamper.case import Case, Fault, changed


def apply(case: Case) -> None:
    members = case.members()
    members[MANIFEST] = changed(members[MANIFEST], b'"left_out":[]', b'"left_out": []')
    case.give(members)


FAULT = Fault(
    attack="changed the manifest",
    artefact="bundle",
    step=1,
    says="manifest.json",
    apply=apply,
)
