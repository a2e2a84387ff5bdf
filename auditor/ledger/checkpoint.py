"""Checkpoints: the signed state of the log.

Standard: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint), without extension lines: nobody
can audit those. Rule of ours, stricter than the standard: one signature line bears the log's
origin as its name, so that a renamed line is a difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.encoding import decode_base64, encode_base64
from auditor.ledger.merkle import EMPTY_ROOT, HASH_SIZE, TreeHead
from auditor.ledger.note import Note, NoteKey, SignBytes, sign_note

MAX_SIZE = 2**53 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_BODY_LINES = 3
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of the log `origin`: `size` entries with this `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def head(self) -> TreeHead:
        """Size and root, for proofs."""
        return TreeHead(self.size, self.root)

    @property
    def text(self) -> str:
        """The signed text."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse_text(cls, text: str) -> Checkpoint:
        """The checkpoint of a note's text.

        Raises:
            VerificationError: Any departure from the format.
        """
        lines = text.split("\n")
        if len(lines) != _BODY_LINES + 1 or not lines[0]:
            raise VerificationError("a checkpoint has three lines: origin, size and root")
        if _SIZE.fullmatch(lines[1]) is None or int(lines[1]) > MAX_SIZE:
            raise VerificationError(f"got size {lines[1][:40]!r}, expected a decimal number")
        try:
            root = decode_base64(lines[2])
        except LedgerError as error:
            raise VerificationError(f"root: {error.message}") from error
        size = int(lines[1])
        if len(root) != HASH_SIZE or (size == 0 and root != EMPTY_ROOT):
            raise VerificationError("the root is not a SHA-256 tree root of this size")
        return cls(lines[0], size, root)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note that carries it."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> SignedCheckpoint:
        """Read the file `checkpoint`; checks the form, not the signatures.

        Raises:
            VerificationError: Not a checkpoint, or no line is named after the origin.
        """
        note = Note.parse(data)
        checkpoint = Checkpoint.parse_text(note.text)
        if all(signature.name != checkpoint.origin for signature in note.signatures):
            raise VerificationError(f"no signature line is named {checkpoint.origin!r}")
        return cls(checkpoint, note)

    def to_bytes(self) -> bytes:
        """The file `checkpoint`."""
        return self.note.to_bytes()


def sign_checkpoint(checkpoint: Checkpoint, key: NoteKey, sign: SignBytes) -> SignedCheckpoint:
    """The signed form.

    Raises:
        LedgerError: The key is named otherwise than the log, or `sign` uses another key.
    """
    if key.name != checkpoint.origin:
        raise LedgerError(f"key {key.name!r} is not named after the log {checkpoint.origin!r}")
    return SignedCheckpoint(checkpoint, sign_note(checkpoint.text, key, sign))


def log_origin(organisation: str) -> str:
    """The origin of an organisation's log: `Example Ltd` -> `example-ltd/auditor-log`.

    Key names in signed notes have no white space and no `+`, hence the plain form.

    Raises:
        LedgerError: The name has no letter or digit that could stand there.
    """
    name = _NOT_IN_A_NAME.sub("-", organisation.lower()).strip("-.")
    if not name:
        raise LedgerError(
            f"organisation {organisation!r} has no ASCII letter or digit to name the log by",
            hint="give the organisation's domain name, such as example.org",
        )
    return f"{name}/auditor-log"
