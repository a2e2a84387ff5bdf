from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject, case.max_age = case.folder / "earlier" / "bundle.zip", timedelta(days=30)


FAULT = Fault(
    attack="gave last quarter's bundle for this one",
    artefact="bundle",
    step=4,
    says="older than 30d",
    apply=apply,
    threat="replay of what is old",
)
