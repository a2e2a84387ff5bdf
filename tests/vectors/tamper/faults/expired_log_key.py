from __future__ import annotations

from datetime import timedelta

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    end = case.honest.now - timedelta(days=30)
    case.trust(
        lambda trust: trust.model_copy(
            update={
                "log_keys": (
                    trust.log_keys[0],
                    trust.log_keys[1].model_copy(update={"not_after": end}),
                )
            }
        )
    )


FAULT = Fault(
    attack="signed the log with a key after its end in the trust policy",
    artefact="store",
    step=3,
    says="was not valid at",
    apply=apply,
    threat="key theft",
)
