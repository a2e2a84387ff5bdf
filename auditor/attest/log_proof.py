"""Checks one proof of inclusion against a trust policy: the log's signature, witnesses, the entry.

For somebody who was given an entry and a `.tlog-proof`, and nothing else of the log. Standard:
C2SP tlog-proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from auditor.attest.result import Notes, VerificationReport
from auditor.attest.steps_checkpoint import check_signed
from auditor.attest.steps_trust import CHECKPOINT
from auditor.attest.trust import TrustPolicy
from auditor.errors import VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.tlog_proof import TlogProof


def verify_log_proof(
    data: bytes, entry: bytes, trust: TrustPolicy | None, now: datetime
) -> VerificationReport:
    """Check a proof in two steps: (0) its checkpoint, (1) that the entry is under it.

    Args:
        data: The proof file.
        entry: The bytes of the entry, without a newline after them.
        trust: None makes the signature "cannot tell".
        now: Time of the verification.

    Raises:
        VerificationError: Not a proof.
    """
    proof = TlogProof.parse(data)
    head = proof.signed.checkpoint
    signature = Notes()
    witnesses = check_signed(proof.signed, trust, now, signature)
    if trust is not None:
        _check_in_use(proof.signed, trust, [now, *witnesses.values()], signature)
    by = f", cosigned by {', '.join(sorted(witnesses))}" if witnesses else ""
    inclusion = Notes()
    try:
        proof.verify(entry)
    except VerificationError as error:
        inclusion.bad(f"these bytes are not entry {proof.index}: {error.message}", error.where)
    return VerificationReport(
        (
            signature.result(
                0,
                "checkpoint: signature, witnesses",
                f"{head.size} entries, signed by {head.origin!r}{by}",
            ),
            inclusion.result(1, "inclusion", f"it is entry {proof.index} of {head.origin!r}"),
        )
    )


def _check_in_use(
    signed: SignedCheckpoint, trust: TrustPolicy, times: Sequence[datetime], notes: Notes
) -> None:
    """A proof does not say when it was signed: the key is in use now, or was when cosigned."""
    lines = {(line.name, line.key_id) for line in signed.note.signatures}
    signers = [key for key in trust.log_keys if (key.note_key.name, key.note_key.key_id) in lines]
    if signers and not any(key.covers(time) for key in signers for time in times):
        notes.cannot_tell(
            "the log's key is not in use, and no trusted witness says that it was when it signed",
            CHECKPOINT,
        )
