from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.trust(
        lambda trust: trust.model_copy(
            update={"required": trust.required.model_copy(update={"cadence": timedelta(days=100)})}
        )
    )


FAULT = Fault(
    attack="left out the runs of a year",
    artefact="store",
    step=4,
    says="no complete run from",
    apply=apply,
    threat="cherry-picked runs",
)
