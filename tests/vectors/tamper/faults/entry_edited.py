from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault, replace_once


def apply(case: Case) -> None:
    replace_once(case.entry_bundle, b'"outcome":"failing"', b'"outcome":"passing"')


FAULT = Fault(
    attack="changed the outcome of a run in its log entry",
    artefact="store",
    step=3,
    says="tile/entries",
    apply=apply,
)
