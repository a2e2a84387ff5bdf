"""A witness without a network: an auditor who cosigns what lies before him.

Takes a store's folder, of which it makes the proof itself; a file with a request (checkpoint and
proof, as `auditor ledger consistency N -o FILE` writes it); or a bare checkpoint, where nothing was
cosigned yet.
"""

from __future__ import annotations

from pathlib import Path

from auditor.app.log_proofs import read_checkpoint, request_from
from auditor.app.witnesses.witness import Witness
from auditor.errors import (
    AuditorError,
    UndecidableError,
    UsageError,
    VerificationError,
)
from auditor.ledger.add_checkpoint import MAX_REQUEST, AddCheckpoint, Refusal, Status
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import NoteSignature
from auditor.store.reader import FolderReader

_PROOF_HINT = "ask for the store, or for the file of `auditor ledger consistency {size} -o FILE`"


def cosign_offline(witness: Witness, path: Path) -> tuple[NoteSignature, ...]:
    """Cosign the checkpoint at a path.

    Raises:
        UsageError: Nothing of the kind is there, or a proof is needed.
        UndecidableError: The log is not watched, or not signed by a key that is known.
        VerificationError: It does not continue what was cosigned before, or is damaged.
        StoreError: The witness's memory cannot be read or written.
    """
    request = _of_store(witness, path) if path.is_dir() else _of_file(witness, path)
    answer = witness.add(request)
    if isinstance(answer, Refusal):
        raise _refused(answer, path)
    return answer


def _of_store(witness: Witness, folder: Path) -> AddCheckpoint:
    if not (folder / "log" / "checkpoint").is_file():
        raise UsageError(
            f"{folder} is no evidence store: it has no log/checkpoint",
            hint="give the folder that `store:` in the client's auditor.yaml names",
        )
    reader = FolderReader(folder)
    head = read_checkpoint(reader).checkpoint
    seen = _seen(witness, head.origin)
    if seen > head.size:
        raise VerificationError(
            f"the log has {head.size} entries, and had {seen} when it was cosigned: its end was"
            " cut off",
            where=str(folder),
        )
    return request_from(reader, seen)


def _of_file(witness: Witness, path: Path) -> AddCheckpoint:
    with path.open("rb") as file:
        data = file.read(MAX_REQUEST + 1)
    try:
        if data.startswith(b"old "):
            return AddCheckpoint.parse(data)
        signed = SignedCheckpoint.parse(data)
    except VerificationError as error:
        raise VerificationError(error.message, where=str(path)) from error
    return AddCheckpoint(_seen(witness, signed.checkpoint.origin), (), signed)


def _seen(witness: Witness, origin: str) -> int:
    last = witness.last(origin)
    return last.checkpoint.size if last else 0


def _refused(refusal: Refusal, path: Path) -> AuditorError:
    where = str(path)
    match refusal.status:
        case Status.UNKNOWN_LOG | Status.UNTRUSTED:
            return UndecidableError(refusal.reason, hint="--log VKEY", where=where)
        case Status.CONFLICT if refusal.size is not None:
            hint = _PROOF_HINT.format(size=refusal.size)
            return VerificationError(refusal.reason, hint=hint, where=where)
        case _:
            return VerificationError(refusal.reason, where=where)
