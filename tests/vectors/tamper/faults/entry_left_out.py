from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    del members["entries/27.json"]


FAULT = Fault(
    attack="left an entry out of a bundle and signed its manifest",
    artefact="bundle",
    step=3,
    says="entries/27.json",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
