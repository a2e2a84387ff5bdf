from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    since = case.honest.now - timedelta(days=30)
    case.trust(
        lambda trust: trust.model_copy(
            update={
                "run_keys": tuple(
                    key.model_copy(update={"revoked_at": since}) if key.name == "run-2" else key
                    for key in trust.run_keys
                )
            }
        )
    )


FAULT = Fault(
    attack="signed a run with a key that its owner has called stolen",
    artefact="store",
    step=5,
    says="was revoked from",
    apply=apply,
    threat="key theft",
)
