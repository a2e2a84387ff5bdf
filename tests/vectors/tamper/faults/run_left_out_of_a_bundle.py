from __future__ import annotations

from datetime import timedelta

from auditor.attest.package import Chosen
from tests.unit.app.bundles import sealed
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import run_key


def apply(case: Case) -> None:
    members = case.members()
    now = case.honest.now
    chosen = Chosen(kind="period", since=now - timedelta(days=90), until=now)
    case.give(sealed(members, run_key(case), chosen=chosen, runs=[case.honest.runs["D"]]))


FAULT = Fault(
    attack="left a run out of the bundle of a period",
    artefact="bundle",
    step=3,
    says="was left out",
    apply=apply,
    needs="the run key",
    threat="cherry-picked runs",
)
