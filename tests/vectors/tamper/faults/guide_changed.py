from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, changed


def apply(case: Case) -> None:
    members = case.members()
    members["VERIFY.md"] = changed(members["VERIFY.md"], b"openssl", b"true")
    case.give(members)


FAULT = Fault(
    attack="changed the instructions for checking by hand",
    artefact="bundle",
    step=1,
    says="VERIFY.md",
    apply=apply,
)
