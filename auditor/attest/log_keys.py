"""The keys of the log, part of step 3: rotations, revocations, and who signed the checkpoint.

Step 2 has checked the signatures of keys that the trust policy names. A checkpoint by another key
counts when rotations lead to it from one of those.
"""

from __future__ import annotations

from auditor.attest.evidence import Evidence
from auditor.attest.key_history import KeyHistory
from auditor.attest.result import Notes
from auditor.attest.signing import key_id, note_key_pem
from auditor.attest.steps_trust import CHECKPOINT
from auditor.attest.trust import TrustPolicy
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.note import NoteKey, verify_note


def check_keys(evidence: Evidence, history: KeyHistory, notes: Notes) -> None:
    """Check the log's own account of its keys, and that the key of the checkpoint was in force."""
    for note in history.notes:
        notes.add(note)
    _check_current(evidence, history, notes)
    if evidence.trust is not None:
        for key in history.unnamed():
            notes.warn(key.warning(), f"entry {key.brought_by}")
        _check_in_force(evidence, evidence.trust, history, notes)


def _check_current(evidence: Evidence, history: KeyHistory, notes: Notes) -> None:
    """The key that the log itself names last has signed the checkpoint."""
    note, current = evidence.checkpoint.note, history.log_key
    if current is None:
        return
    try:
        verify_note(note, [current])
    except (VerificationError, UndecidableError) as error:
        lines = {(line.name, line.key_id) for line in note.signatures}
        replaced = [
            entry
            for key, entry in history.replaced_log_keys().items()
            if (key.name, key.key_id) in lines
        ]
        said = f"by the keys that the log itself names: {error.message}"
        if replaced:
            said = f"signed by a key of the log that entry {replaced[-1]} has replaced"
        notes.bad(said, CHECKPOINT)


def _check_in_force(
    evidence: Evidence, trust: TrustPolicy, history: KeyHistory, notes: Notes
) -> None:
    """The keys that signed are known, and were valid when the last entry was written."""
    signed = evidence.checkpoint
    known = [history.known("log", name) for name in _signers(evidence, trust, history)]
    if not any(known):
        notes.cannot_tell("signed only by keys of the log that are not known here", CHECKPOINT)
    for key in known:
        if key is None or evidence.last_time is None:
            continue
        try:
            key.check_use(signed.checkpoint.size - 1, evidence.last_time)
        except VerificationError as error:
            notes.bad(error.message, CHECKPOINT)
        except UndecidableError as error:
            notes.cannot_tell(error.message, CHECKPOINT)


def _signers(evidence: Evidence, trust: TrustPolicy, history: KeyHistory) -> list[str]:
    """Ids of the keys of policy and log that have a line under the checkpoint."""
    lines = {(line.name, line.key_id) for line in evidence.checkpoint.note.signatures}
    keys: list[NoteKey] = [*trust.note_keys()]
    if history.log_key is not None:
        keys.append(history.log_key)
    signed = [key for key in keys if (key.name, key.key_id) in lines]
    return list(dict.fromkeys(key_id(note_key_pem(key)) for key in signed))
