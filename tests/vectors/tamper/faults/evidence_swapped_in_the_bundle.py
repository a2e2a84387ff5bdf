from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    one, two = [name for name in sorted(members) if name.startswith("blobs/")][:2]
    members[one], members[two] = members[two], members[one]


FAULT = Fault(
    attack="exchanged evidence in a bundle and signed its manifest",
    artefact="bundle",
    step=6,
    says="blobs/sha256",
    apply=apply,
    needs="the run key",
    threat="bundle packed falsely",
)
