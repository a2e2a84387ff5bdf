"""Attestations of a recorded run, checked again by the keys that a verifier trusts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from auditor.attest.detached import signer_of
from auditor.attest.trust import NamedKey
from auditor.collectors.records.types import ATTESTATION
from auditor.core.canonical import digest
from auditor.core.model.observation import Observation, Resource
from auditor.core.times import format_instant, parse_instant
from auditor.errors import UndecidableError, VerificationError


def check_recorded_attestations(
    observations: Iterable[Observation],
    approvers: Sequence[NamedKey],
    attested: Mapping[tuple[str, str], datetime] | None = None,
) -> None:
    """Those that counted were signed by keys that the verifier knows, when these were in use.

    That signature, role and digests are what the evidence says is found where its facts are
    computed again; there the run's own approvers count, and here the verifier's.

    Args:
        attested: Digest of a text and of a signature of it, to when the log took note of both.
            Without it nothing is older than its reading: a log that is not trusted shows nothing.

    Raises:
        UndecidableError: One is signed by a key that the verifier does not know, or by one that was
            out of use when the run read it, and the log does not show that it is older.
        VerificationError: A signature cannot be read, or its key was not in use when it was made.
    """
    known = {key.key_id: key for key in approvers}
    for observation in observations:
        if not observation.resource_type.startswith(ATTESTATION):
            continue
        for resource in observation.resources:
            if not resource.data.get("problem"):
                _check_signers(resource, known, attested or {}, observation.read_at)


def _check_signers(
    resource: Resource,
    known: Mapping[str, NamedKey],
    attested: Mapping[tuple[str, str], datetime],
    read_at: datetime,
) -> None:
    raw: Any = resource.data["raw"]
    where = f"attestation {resource.data['id']}"
    made_at = parse_instant(resource.data["made_at"])
    for sidecar in filter(None, (raw["sidecar"], raw["review"])):
        signer = signer_of(sidecar)
        key = known.get(signer)
        if key is None:
            raise UndecidableError(
                f"it is signed by a key unknown here, {signer[:16]}",
                hint="add the signer's public key to `approvers` of the trust policy",
                where=where,
            )
        if not key.covers(made_at):
            told = f"the key of {key.name!r} was not in use at {format_instant(made_at)}"
            raise VerificationError(f"{told}, when it was made", where=where)
        noted = attested.get((digest(raw["text"].encode()), digest(sidecar.encode())), read_at)
        if not key.covers(min(noted, read_at)):
            raise UndecidableError(
                f"the key of {key.name!r} is out of use, and the log does not show that the"
                " signature is older",
                hint="have it attested again by somebody whose key is in use",
                where=where,
            )
