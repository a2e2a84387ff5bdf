from __future__ import annotations

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject, case.since = case.folder / "earlier" / "bundle.zip", case.log / "checkpoint"


FAULT = Fault(
    attack="gave a bundle of a log that the auditor has seen longer",
    artefact="bundle",
    step=2,
    says="does not continue the earlier checkpoint",
    apply=apply,
    threat="replay of what is old",
)
