from __future__ import annotations

from tests.unit.app.bundles import sealed
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import stranger


def apply(case: Case) -> None:
    case.give(sealed(case.members(), stranger(case)))


FAULT = Fault(
    attack="packed a changed bundle and signed its manifest with a key of one's own",
    artefact="bundle",
    step=3,
    says="unknown key",
    apply=apply,
    needs="keys of one's own",
    verdict=CANNOT_TELL,
    threat="key theft",
)
