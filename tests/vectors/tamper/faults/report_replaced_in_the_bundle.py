from __future__ import annotations

from tests.unit.app.bundles import Members
from tests.vectors.tamper.case import Case, Fault, changed
from tests.vectors.tamper.insider import insiders_bundle


def apply(case: Case) -> None:
    insiders_bundle(case, edit)


def edit(members: Members) -> None:
    members["reports/report.json"] = changed(members["reports/report.json"], b'"fail"', b'"pass"')


FAULT = Fault(
    attack="put another report into a bundle and signed its manifest",
    artefact="bundle",
    step=8,
    says="recorded no report",
    apply=apply,
    needs="the run key",
    threat="report differs from data",
)
