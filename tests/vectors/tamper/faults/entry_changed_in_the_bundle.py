from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault, changed
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    members["entries/27.json"] = changed(members["entries/27.json"], b"fake", b"real")


FAULT = Fault(
    attack="changed an entry in a bundle and signed its manifest",
    artefact="bundle",
    step=3,
    says="proofs/27.tlog-proof",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
