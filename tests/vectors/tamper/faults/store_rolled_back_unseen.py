from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject, case.max_age = case.folder / "earlier" / "evidence", timedelta(days=30)


FAULT = Fault(
    attack="put the whole store back; the auditor kept no newer checkpoint",
    artefact="store",
    step=4,
    says="older than 30d",
    apply=apply,
    threat="replay of what is old",
)
