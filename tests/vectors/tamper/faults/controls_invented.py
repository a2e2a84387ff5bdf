from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    members["controls/0123456789ab/mfa/control.yaml"] = b"id: mfa\n"


FAULT = Fault(
    attack="showed readers a control that no run judged by",
    artefact="bundle",
    step=6,
    says="no policy of the runs",
    apply=apply,
    needs="the run key",
    threat="policy changed afterwards",
)
