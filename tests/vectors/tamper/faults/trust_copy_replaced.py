from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import forgery


def apply(case: Case) -> None:
    members = case.members()
    members["trust/policy.json"] = (forgery(case).folder / "trust/policy.json").read_bytes()
    case.give(members)


FAULT = Fault(
    attack="put another trust policy into the bundle",
    artefact="bundle",
    step=1,
    says="trust/policy.json",
    apply=apply,
)
