"""Attestations of the gated run, held against the baseline's trust, as its waivers are.

A change that names an approver of its own could state anything with that key. Nothing tells which
verdicts would stand without the statement, so the whole run is refused.
"""

from __future__ import annotations

from auditor.app.evidence.loading import load_observation
from auditor.app.gating.trusting import Trusted
from auditor.app.records.checking import check_recorded_attestations
from auditor.collectors.records.types import ATTESTATION
from auditor.core.model.policy import Policy
from auditor.errors import UndecidableError, VerificationError
from auditor.store.interface import Store


def check_attestations(store: Store, run: str, policy: Policy, trusted: Trusted) -> None:
    """Those that counted were signed by approvers of the baseline's trust policy.

    Raises:
        VerificationError: One was not.
    """
    history = store.history(run)
    collects = history.collects if history else ()
    wanted = [one for one in collects if one.resource_type.startswith(ATTESTATION)]
    found = (load_observation(store, one, policy) for one in wanted)
    try:
        check_recorded_attestations(found, trusted.policy.approvers)
    except UndecidableError as error:
        raise VerificationError(
            f"by the trust policy of the baseline: {error.message}",
            hint="bring the approver into the trust policy of the base branch first",
            where=f"run {run}, {error.where}",
        ) from error
