from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import forgery


def apply(case: Case) -> None:
    case.subject, case.since = forgery(case).folder / "evidence", None


FAULT = Fault(
    attack="forged a whole store with other keys",
    artefact="store",
    step=2,
    says="requires 2 witnesses",
    apply=apply,
    needs="keys of one's own",
)
