from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    members["proofs/27.tlog-proof"] = members["proofs/26.tlog-proof"]


FAULT = Fault(
    attack="gave the proof of another entry",
    artefact="bundle",
    step=3,
    says="is a proof of entry 26",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
