"""Step 2: the checkpoint is signed by the log that the auditor trusts, and only appends.

Witnesses and the log's second signature are `witness`'s matter.
"""

from __future__ import annotations

from datetime import datetime

from auditor.attest.earlier_head import earlier_head_proof
from auditor.attest.evidence import Evidence
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes, StepVerdict
from auditor.attest.steps_trust import CHECKPOINT
from auditor.attest.trust import TrustPolicy
from auditor.attest.witness import check_second_signatures, check_witnesses
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import MAX_NOTE, verify_note
from auditor.ledger.proofs import verify_consistency


def check_checkpoint(evidence: Evidence, notes: Notes) -> str:
    """(2) Signature, witnesses, and consistency with the head that the auditor kept."""
    try:
        signed = SignedCheckpoint.parse(read_bounded(evidence.reader, CHECKPOINT, MAX_NOTE))
    except VerificationError as error:
        raise VerificationError(error.message, where=CHECKPOINT) from error
    witnesses = check_signed(signed, evidence.trust, evidence.now, notes, rotations_follow=True)
    if notes.verdict is not StepVerdict.BAD:
        evidence.signed = signed
        _check_remembered(evidence, signed, notes)
    by = f", cosigned by {', '.join(sorted(witnesses))}" if witnesses else ""
    return f"{signed.checkpoint.size} entries, signed by {signed.checkpoint.origin!r}{by}"


def check_signed(
    signed: SignedCheckpoint,
    trust: TrustPolicy | None,
    now: datetime,
    notes: Notes,
    *,
    rotations_follow: bool = False,
) -> dict[str, datetime]:
    """Signatures of the log and of its witnesses.

    Args:
        now: Time of the verification.
        rotations_follow: A later step answers "cannot tell" for a key that the policy does not name
            and no rotation in the log leads to; without one, it is answered here.

    Returns:
        The witnesses that count, with the time of their first cosignature.
    """
    if trust is None:
        notes.cannot_tell("no trust policy: the signature cannot be checked", CHECKPOINT)
        return {}
    _check_signature(signed, trust, notes, rotations_follow=rotations_follow)
    check_second_signatures(signed, trust, now, notes)
    return check_witnesses(signed, trust, now, notes)


def _check_signature(
    signed: SignedCheckpoint, trust: TrustPolicy, notes: Notes, *, rotations_follow: bool
) -> None:
    try:
        verify_note(signed.note, trust.note_keys())
    except VerificationError as error:
        notes.bad(error.message, CHECKPOINT)
        return
    except UndecidableError as error:
        if rotations_follow:
            # `log_keys` answers "cannot tell" in step 3, unless a rotation leads to the signer.
            text = f"{error.message}; step 3 looks for a rotation that leads to one"
            notes.warn(text, CHECKPOINT)
        else:
            notes.cannot_tell(error.message, CHECKPOINT)
        return
    if signed.checkpoint.origin != trust.origin:
        notes.bad(
            f"the log is {signed.checkpoint.origin!r}, trusted is {trust.origin!r}", CHECKPOINT
        )


def _check_remembered(evidence: Evidence, signed: SignedCheckpoint, notes: Notes) -> None:
    if evidence.remembered is None:
        text = "no earlier checkpoint was given to compare with"
        if evidence.trust is not None and evidence.trust.required.remembered_head:
            notes.cannot_tell(f"{text}, and the trust policy requires one")
        else:
            notes.warn(text)
        return
    old = SignedCheckpoint.parse(evidence.remembered)
    if evidence.trust is not None:
        verify_note(old.note, evidence.trust.note_keys())
    new = signed.checkpoint
    if old.checkpoint.origin != new.origin:
        notes.bad(f"the earlier checkpoint is of the log {old.checkpoint.origin!r}", CHECKPOINT)
        return
    try:
        proof = earlier_head_proof(evidence, old.checkpoint.size, new)
        verify_consistency(old.checkpoint.head, new.head, proof)
    except VerificationError as error:
        notes.bad(
            f"the log does not continue the earlier checkpoint: {error.message}",
            error.where if "/" in error.where else CHECKPOINT,
        )
