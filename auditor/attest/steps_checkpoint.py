"""Step 2: the checkpoint is signed by the log that the auditor trusts, and only appends."""

from __future__ import annotations

from auditor.attest.evidence import Evidence
from auditor.attest.reader import read_bounded
from auditor.attest.result import Notes, StepVerdict
from auditor.attest.steps_trust import CHECKPOINT
from auditor.attest.trust import TrustPolicy
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import MAX_NOTE, verify_note
from auditor.ledger.proofs import consistency_proof, verify_consistency
from auditor.ledger.tiles import MAX_BUNDLE, TileTree


def check_checkpoint(evidence: Evidence, notes: Notes) -> str:
    """(2) Signature, witnesses, and consistency with the head that the auditor kept."""
    try:
        signed = SignedCheckpoint.parse(read_bounded(evidence.reader, CHECKPOINT, MAX_NOTE))
    except VerificationError as error:
        raise VerificationError(error.message, where=CHECKPOINT) from error
    if evidence.trust is None:
        notes.cannot_tell("no trust policy: the signature cannot be checked", CHECKPOINT)
    else:
        _check_signature(signed, evidence.trust, notes)
        _check_witnesses(signed, evidence.trust, notes)
    if notes.verdict is not StepVerdict.BAD:
        evidence.signed = signed
        _check_remembered(evidence, signed, notes)
    return f"{signed.checkpoint.size} entries, signed by {signed.checkpoint.origin!r}"


def _check_signature(signed: SignedCheckpoint, trust: TrustPolicy, notes: Notes) -> None:
    try:
        verify_note(signed.note, trust.note_keys())
    except VerificationError as error:
        notes.bad(error.message, CHECKPOINT)
        return
    except UndecidableError as error:
        notes.cannot_tell(error.message, CHECKPOINT)
        return
    if signed.checkpoint.origin != trust.origin:
        notes.bad(
            f"the log is {signed.checkpoint.origin!r}, trusted is {trust.origin!r}", CHECKPOINT
        )


def _check_witnesses(signed: SignedCheckpoint, trust: TrustPolicy, notes: Notes) -> None:
    """Cosignatures are carried; this version knows no witness keys to check them by."""
    names = {line.name for line in signed.note.signatures} - {signed.checkpoint.origin}
    if names:
        notes.cannot_tell(
            f"cosignatures by {', '.join(sorted(names))}: no key of theirs is known", CHECKPOINT
        )
    elif trust.required.witnesses:
        notes.bad("the trust policy requires a witness, and none has cosigned", CHECKPOINT)
    else:
        notes.warn("no witness has cosigned the checkpoint", CHECKPOINT)


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
    tree = TileTree(new.size, lambda path: read_bounded(evidence.reader, f"log/{path}", MAX_BUNDLE))
    try:
        small = min(old.checkpoint.size, new.size)
        proof = consistency_proof(small, new.size, tree.node)
        verify_consistency(old.checkpoint.head, new.head, proof)
    except VerificationError as error:
        notes.bad(
            f"the log does not continue the earlier checkpoint: {error.message}",
            error.where if error.where.startswith("log/") else CHECKPOINT,
        )
