from __future__ import annotations

from auditor.keys.file import load_key
from tests.unit.app.bundles import sealed
from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.trust(
        lambda trust: trust.model_copy(
            update={
                "run_keys": tuple(
                    key.model_copy(update={"not_after": None, "revoked_at": None})
                    for key in trust.run_keys
                )
            }
        )
    )
    case.give(sealed(case.members(), load_key(case.work / "keys" / "run.pem")))


FAULT = Fault(
    attack="signed the manifest with the old run key, for an auditor with an old policy",
    artefact="bundle",
    step=3,
    says="was replaced by entry",
    apply=apply,
    needs="the old run key",
    threat="key theft",
)
