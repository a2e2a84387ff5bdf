from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault, changed
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    name = next(name for name in members if name.endswith("control.yaml"))
    members[name] = changed(members[name], b"256", b"128")


FAULT = Fault(
    attack="showed other controls to readers than were judged by",
    artefact="bundle",
    step=6,
    says="control.yaml",
    apply=apply,
    needs="the run key",
    verdict=CANNOT_TELL,
    threat="policy changed afterwards",
)
