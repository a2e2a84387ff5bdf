"""What a witness is asked and what it answers: the rules, without disk and network.

An honest witness cosigns only what continues the checkpoint that it cosigned last, whoever signed
it. Keeping that checkpoint is the caller's matter, and so is doing both under one lock.
Standard: C2SP tlog-witness, add-checkpoint (https://c2sp.org/tlog-witness), whose status codes are
used here by their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from auditor.errors import LedgerError, UndecidableError, VerificationError
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint
from auditor.ledger.cosignature import CosignerKey, verify_cosignatures
from auditor.ledger.encoding import decode_base64, encode_base64
from auditor.ledger.merkle import EMPTY_ROOT, TreeHead
from auditor.ledger.note import MAX_NOTE, NoteKey, NoteSignature, parse_signature_line, verify_note
from auditor.ledger.proofs import verify_consistency

LogKeys = Sequence[NoteKey | CosignerKey]
"""Keys that sign one log."""
PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_PROOF_LINES = 63
MAX_REQUEST = MAX_NOTE + 8192
MAX_ANSWER = MAX_NOTE
_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})", re.ASCII)
_SIZE = re.compile(r"(0|[1-9][0-9]{0,15})\n", re.ASCII)


class Status(IntEnum):
    """What a witness answers."""

    COSIGNED = 200
    MALFORMED = 400
    UNTRUSTED = 403
    UNKNOWN_LOG = 404
    CONFLICT = 409
    INCONSISTENT = 422


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a witness does not cosign.

    Args:
        status: The answer's number.
        reason: For people.
        size: With CONFLICT, the size that the witness cosigned last.
    """

    status: Status
    reason: str
    size: int | None = None

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return f"{self.reason if self.size is None else self.size}\n".encode()


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint to cosign, and the proof that it continues a log of `old` entries.

    Args:
        old: Size that the witness is thought to have cosigned last.
        proof: Consistency proof from `old`, 32 bytes each; at most 63.
        signed: The checkpoint.
    """

    old: int
    proof: tuple[bytes, ...]
    signed: SignedCheckpoint

    def to_bytes(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old}", *(encode_base64(node) for node in self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.signed.to_bytes()

    @classmethod
    def parse(cls, data: bytes) -> AddCheckpoint:
        """Read a request strictly.

        Raises:
            VerificationError: Any departure from the format.
        """
        if len(data) > MAX_REQUEST:
            raise VerificationError(f"request of {len(data)} bytes, expected at most {MAX_REQUEST}")
        head, separator, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise VerificationError("the proof's lines are not ASCII") from error
        match = _OLD.fullmatch(lines[0])
        if not separator or match is None:
            raise VerificationError("expected a line `old SIZE`, a proof and an empty line")
        if len(lines) - 1 > MAX_PROOF_LINES:
            raise VerificationError(f"{len(lines) - 1} hashes, expected at most {MAX_PROOF_LINES}")
        try:
            proof = tuple(decode_base64(line) for line in lines[1:])
        except LedgerError as error:
            raise VerificationError(error.message) from error
        return cls(int(match[1]), proof, SignedCheckpoint.parse(checkpoint))


def judge(
    request: AddCheckpoint, logs: Mapping[str, LogKeys], last: Checkpoint | None
) -> Refusal | None:
    """Decide whether to cosign, in the order that the standard lays down.

    Args:
        logs: Origins that are witnessed, with the keys that sign each log.
        last: The checkpoint of this origin that was cosigned last, None before the first.

    Returns:
        None where it may be cosigned.
    """
    new = request.signed.checkpoint
    refusal = check_signer(request, logs)
    if refusal is not None:
        return refusal
    if request.old > new.size:
        return Refusal(Status.MALFORMED, f"old size {request.old} is above the size {new.size}")
    old = last.head if last else TreeHead(0, EMPTY_ROOT)
    if request.old != old.size:
        return Refusal(Status.CONFLICT, f"the last cosigned size is {old.size}", old.size)
    if old.size == new.size and old.root != new.root:
        reason = f"another log of {old.size} entries was cosigned"
        return Refusal(Status.CONFLICT, reason, old.size)
    try:
        verify_consistency(old, new.head, request.proof)
    except VerificationError as error:
        return Refusal(Status.INCONSISTENT, f"the log is not continued: {error.message}")
    return None


def check_signer(request: AddCheckpoint, logs: Mapping[str, LogKeys]) -> Refusal | None:
    """Whether the checkpoint is of a log that is witnessed, and signed by a key of it."""
    origin = request.signed.checkpoint.origin
    keys = logs.get(origin)
    if not keys:
        return Refusal(Status.UNKNOWN_LOG, "this log is not witnessed here")
    if not is_signed(request.signed, keys):
        return Refusal(Status.UNTRUSTED, "no signature by a known key of this log")
    return None


def is_signed(signed: SignedCheckpoint, keys: LogKeys) -> bool:
    """True when one of the keys signed the checkpoint, and no line of a key is wrong."""
    cosigners = [key for key in keys if isinstance(key, CosignerKey)]
    try:
        signed_second = [key for key in cosigners if verify_cosignatures(signed, key)]
        verify_note(signed.note, [key for key in keys if isinstance(key, NoteKey)])
    except UndecidableError:
        return bool(signed_second)
    except VerificationError:
        return False
    return True


def parse_answer(body: bytes) -> tuple[NoteSignature, ...]:
    """The signature lines of an answer 200.

    Raises:
        VerificationError: Not signature lines, or too many.
    """
    if len(body) > MAX_ANSWER:
        raise VerificationError(f"answer of {len(body)} bytes, expected at most {MAX_ANSWER}")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VerificationError("the answer is not UTF-8") from error
    if not text.endswith("\n"):
        raise VerificationError("the answer is not made of signature lines")
    return tuple(parse_signature_line(row) for row in text[:-1].split("\n"))


def parse_size(body: bytes) -> int:
    """The size of an answer 409.

    Raises:
        VerificationError: Not a number on a line of its own.
    """
    match = _SIZE.fullmatch(body[:32].decode("latin-1"))
    if match is None:
        raise VerificationError(f"got {body[:32]!r}, expected the size that was cosigned last")
    return int(match[1])
