"""Attestations of a recorded run, checked again by the keys that a verifier trusts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from auditor.attest.detached import signer_of
from auditor.attest.trust import NamedKey
from auditor.collectors.records.types import ATTESTATION
from auditor.core.model.observation import Observation
from auditor.errors import UndecidableError


def check_recorded_attestations(
    observations: Iterable[Observation], approvers: Sequence[NamedKey]
) -> None:
    """Those that counted were signed by keys that the verifier knows.

    That signature, role and digests are what the evidence says is found where its facts are
    computed again; there the run's own approvers count, and here the verifier's.

    Raises:
        UndecidableError: One is signed by a key that the verifier does not know.
        VerificationError: A signature cannot be read.
    """
    known = {key.key_id for key in approvers}
    for observation in observations:
        if not observation.resource_type.startswith(ATTESTATION):
            continue
        for resource in observation.resources:
            if not resource.data.get("problem"):
                raw: Any = resource.data["raw"]
                for sidecar in filter(None, (raw["sidecar"], raw["review"])):
                    _check_signer(sidecar, str(resource.data["id"]), known)


def _check_signer(sidecar: str, name: str, known: set[str]) -> None:
    signer = signer_of(sidecar)
    if signer not in known:
        raise UndecidableError(
            f"it is signed by a key unknown here, {signer[:16]}",
            hint="add the signer's public key to `approvers` of the trust policy",
            where=f"attestation {name}",
        )
