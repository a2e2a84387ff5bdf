"""Cosignatures under a checkpoint, against the trust policy: part of step 2.

A witness of the policy counts once, when a cosignature of its key verifies and is of a time within
the key's validity. Lines of keys that the policy does not name are left alone, as the standard
asks, and are named. Standard: C2SP tlog-cosignature.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auditor.attest.result import Notes
from auditor.attest.signing import load_public_key
from auditor.attest.steps_trust import CHECKPOINT
from auditor.attest.trust import LogKey, TrustPolicy
from auditor.errors import ConfigError, LedgerError, VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.cosignature import (
    COSIGNATURE_V1,
    ML_DSA_44,
    Cosignature,
    CosignerKey,
    unknown_lines,
    verify_cosignatures,
)

MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far the clock of a witness may go before that of whoever verifies."""


def cosigner_key(pem: str, name: str) -> CosignerKey:
    """A public key (Ed25519 or ML-DSA-44) as the cosigner `name` uses it.

    Raises:
        ConfigError: A key of another kind, or a name that cannot stand in a signature line.
    """
    key = load_public_key(pem)
    if isinstance(key, EllipticCurvePublicKey):
        raise ConfigError(
            "a cosigner's key must be an Ed25519 or an ML-DSA-44 key",
            hint="auditor witness new makes one",
        )
    kind = COSIGNATURE_V1 if isinstance(key, Ed25519PublicKey) else ML_DSA_44
    try:
        return CosignerKey(name, key.public_bytes_raw(), kind)
    except LedgerError as error:
        raise ConfigError(error.message, hint=error.hint) from error


def check_witnesses(
    signed: SignedCheckpoint, trust: TrustPolicy, now: datetime, notes: Notes
) -> dict[str, datetime]:
    """Count the witnesses of the policy that cosigned; note what is wrong with the others.

    Args:
        now: Time of the verification.

    Returns:
        The names of the witnesses that count, with the time of their first cosignature.
    """
    counted: dict[str, datetime] = {}
    undecided: set[str] = set()
    for witness in trust.witnesses:
        for item in _cosignatures(signed, witness.note_key, notes):
            if item.time is None or item.time > now + MAX_CLOCK_DIFFERENCE:
                _note_undecided(item, notes)
                undecided.add(item.key.name)
            elif not witness.covers(item.time):
                said = f"{item.key.name!r} cosigned at {item.time}, when its key was not valid"
                notes.bad(said, CHECKPOINT)
            else:
                first = counted.setdefault(item.key.name, item.time)
                counted[item.key.name] = min(first, item.time)
    strangers = _note_strangers(signed, trust, notes)
    _check_quorum(set(counted), undecided - set(counted), trust.required.witnesses, notes)
    if not (counted or undecided or strangers or trust.required.witnesses):
        notes.warn("no witness has cosigned the checkpoint", CHECKPOINT)
    return counted


def check_second_signatures(
    signed: SignedCheckpoint, trust: TrustPolicy, now: datetime, notes: Notes
) -> None:
    """The log's ML-DSA-44 keys that the policy names: what they signed must verify."""
    for key, cosigner in _second_keys(trust):
        found = _cosignatures(signed, cosigner, notes)
        for item in found:
            if item.time is None:
                continue  # a log may sign without a statement about time
            if item.time > now + MAX_CLOCK_DIFFERENCE:
                _note_undecided(item, notes)
            elif not key.covers(item.time):
                notes.bad(f"the log's ML-DSA-44 key was not valid at {item.time}", CHECKPOINT)
        if not found and key.covers(now):
            notes.warn("the log's ML-DSA-44 key has not signed the checkpoint", CHECKPOINT)


def _cosignatures(signed: SignedCheckpoint, key: CosignerKey, notes: Notes) -> list[Cosignature]:
    try:
        return verify_cosignatures(signed, key)
    except VerificationError as error:
        notes.bad(error.message, CHECKPOINT)
        return []


def _note_undecided(item: Cosignature, notes: Notes) -> None:
    name = item.key.name
    if item.time is None:
        notes.cannot_tell(f"{name!r} cosigned without saying when", CHECKPOINT)
    else:
        notes.cannot_tell(
            f"{name!r} cosigned at {item.time}, after the time of verification", CHECKPOINT
        )


def _note_strangers(signed: SignedCheckpoint, trust: TrustPolicy, notes: Notes) -> set[str]:
    """Warn of lines by keys that the policy does not name; gives their names."""
    keys = [*(key.note_key for key in trust.log_keys), *(key.note_key for key in trust.witnesses)]
    strangers = unknown_lines(signed, ((key.name, key.key_id) for key in keys))
    strangers.discard(signed.checkpoint.origin)  # another key of the log itself: no witness
    if strangers:
        names = ", ".join(sorted(strangers))
        notes.warn(f"cosigned by {names}, which the trust policy does not know", CHECKPOINT)
    return strangers


def _check_quorum(counted: set[str], undecided: set[str], required: int, notes: Notes) -> None:
    if len(counted) >= required:
        return
    text = f"the trust policy requires {required} witnesses, {len(counted)} count here"
    if len(counted) + len(undecided) >= required:
        notes.cannot_tell(text, CHECKPOINT)
    else:
        notes.bad(text, CHECKPOINT)


def _second_keys(trust: TrustPolicy) -> Iterable[tuple[LogKey, CosignerKey]]:
    for key in trust.log_keys:
        cosigner = key.note_key
        if isinstance(cosigner, CosignerKey):
            yield key, cosigner
