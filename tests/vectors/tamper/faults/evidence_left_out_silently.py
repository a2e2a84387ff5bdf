from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import first_observation, insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    name = first_observation(members)
    del members[name]


FAULT = Fault(
    attack="left evidence out of a bundle without naming it",
    artefact="bundle",
    step=6,
    says="blobs/sha256",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
