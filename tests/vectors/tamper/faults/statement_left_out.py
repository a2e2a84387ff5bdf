from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    name = max(name for name in members if name.endswith("statement.sigstore.json"))
    del members[name]


FAULT = Fault(
    attack="left a statement out of a bundle",
    artefact="bundle",
    step=5,
    says="statement.sigstore.json",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
