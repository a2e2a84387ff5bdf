from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.entry_bundle.write_bytes(case.entry_bundle.read_bytes()[:-100])


FAULT = Fault(
    attack="cut the end off the file of entries",
    artefact="store",
    step=3,
    says="tile/entries",
    apply=apply,
)
