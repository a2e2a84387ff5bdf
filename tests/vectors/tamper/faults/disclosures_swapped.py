from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, swap
from tests.vectors.tamper.insider import disclosures


def apply(case: Case) -> None:
    one, two = disclosures(case, "C"), disclosures(case, "D")
    swap(one, two)


FAULT = Fault(
    attack="exchanged the personal values of two runs",
    artefact="store",
    step=7,
    says="belong to no digest",
    apply=apply,
    threat="redaction undone",
)
