"""Cosignatures: somebody states that, at a time, this was the largest state of the log it saw.

Two kinds: Ed25519 over the time and the checkpoint's text (type 0x04), and ML-DSA-44 (type 0x06),
which quantum computers do not break and which names its signer. Witnesses cosign; a log may put an
ML-DSA-44 cosignature of its own beside its Ed25519 signature. Whose cosignatures count is not
decided here. Standard: C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), FIPS 204.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from auditor.errors import LedgerError, UndecidableError, VerificationError
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint
from auditor.ledger.note import (
    KEY_SIZE,
    SIGNATURE_SIZE,
    NoteSignature,
    SignBytes,
    check_key_name,
    format_vkey,
    note_key_id,
    parse_vkey,
)

COSIGNATURE_V1 = 0x04
ML_DSA_44 = 0x06
MAX_TIME = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
"""Latest time that is read, in seconds: no later one can be printed."""
_SIZES = {COSIGNATURE_V1: (KEY_SIZE, SIGNATURE_SIZE), ML_DSA_44: (1312, 2420)}
_LABEL = b"subtree/v1\n\0"
_MAX_NAME = 255
_TIME_SIZE = 8
_SHARED_BITS = 2


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A public key that verifies cosignatures.

    Args:
        name: The cosigner's name, a URL without its scheme.
        public: 32 bytes for Ed25519, 1,312 for ML-DSA-44.
        kind: Signature type: COSIGNATURE_V1 or ML_DSA_44.
    """

    name: str
    public: bytes
    kind: int = COSIGNATURE_V1

    def __post_init__(self) -> None:
        check_key_name(self.name)
        sizes = _SIZES.get(self.kind)
        if sizes is None:
            raise LedgerError(
                f"got a key of type {self.kind:#04x}, expected a cosigner's: 0x04 or 0x06"
            )
        if len(self.public) != sizes[0]:
            raise LedgerError(f"cosigner's key of {len(self.public)} bytes, expected {sizes[0]}")
        if len(self.name.encode()) > _MAX_NAME:
            raise LedgerError(f"cosigner's name is longer than {_MAX_NAME} bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed and how."""
        return note_key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        """The text form."""
        return format_vkey(self.name, self.kind, self.public)

    @classmethod
    def parse(cls, vkey: str) -> CosignerKey:
        """The key of a vkey text.

        Raises:
            LedgerError: Another form, another type, or an id that is not the key's.
        """
        name, kind, public = parse_vkey(vkey)
        return cls(name, public, kind)

    def message(self, checkpoint: Checkpoint, time: int) -> bytes:
        """What this key signs for a checkpoint.

        Args:
            time: POSIX seconds.

        Raises:
            LedgerError: The log's name is too long for this kind of cosignature.
        """
        if self.kind == COSIGNATURE_V1:
            return f"cosignature/v1\ntime {time}\n{checkpoint.text}".encode()
        numbers = struct.pack(">QQ", 0, checkpoint.size)
        return b"".join(
            (
                _LABEL,
                _opaque(self.name),
                struct.pack(">Q", time),
                _opaque(checkpoint.origin),
                numbers,
                checkpoint.root,
            )
        )


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that verifies.

    Args:
        key: Whose it is.
        time: When it was made, as its signer says; None where it makes no statement about time.
    """

    key: CosignerKey
    time: datetime | None


def cosign(
    checkpoint: Checkpoint, key: CosignerKey, sign: SignBytes, time: datetime
) -> NoteSignature:
    """A cosignature line.

    Args:
        key: Public half of the cosigner's key.
        sign: Signs with the private half.
        time: When, UTC; whole seconds of it are signed.

    Raises:
        LedgerError: The signature is not of this key: two keys were mixed up.
    """
    seconds = int(time.timestamp())
    signature = sign(key.message(checkpoint, seconds))
    line = NoteSignature(key.name, key.key_id, struct.pack(">Q", seconds) + signature)
    if _signed_time(checkpoint, line, key) is None:
        raise LedgerError(f"the signing key is not the private half of {key.vkey[:80]}")
    return line


def verify_cosignatures(signed: SignedCheckpoint, key: CosignerKey) -> list[Cosignature]:
    """Every cosignature of one key under a checkpoint, in the order of the lines; [] of none.

    Raises:
        VerificationError: A line of this key does not verify, or the key signed under another
            name or id: a line was changed.
    """
    found: list[Cosignature] = []
    for line in signed.note.signatures:
        named = (line.name, line.key_id) == (key.name, key.key_id)
        seconds = _signed_time(signed.checkpoint, line, key)
        if named != (seconds is not None) or (not named and _is_damaged(line, key)):
            raise VerificationError(f"cosignature line of {line.name!r} does not verify")
        if seconds is not None:
            time = datetime.fromtimestamp(seconds, UTC) if seconds else None
            found.append(Cosignature(key, time))
    return found


def verify_cosignature(signed: SignedCheckpoint, key: CosignerKey) -> datetime:
    """When the key last cosigned the checkpoint.

    Raises:
        VerificationError: A line of this key does not verify.
        UndecidableError: There is none, or none that names a time.
    """
    times = [item.time for item in verify_cosignatures(signed, key) if item.time is not None]
    if not times:
        raise UndecidableError(f"{key.name!r} has not cosigned the checkpoint")
    return max(times)


def unknown_lines(signed: SignedCheckpoint, keys: Iterable[tuple[str, bytes]]) -> set[str]:
    """Names on the lines of a checkpoint that none of these keys (name, id) made."""
    known = set(keys)
    return {line.name for line in signed.note.signatures if (line.name, line.key_id) not in known}


def _signed_time(checkpoint: Checkpoint, line: NoteSignature, key: CosignerKey) -> int | None:
    """The time of a line in seconds where this key made it, else None."""
    if len(line.signature) != _TIME_SIZE + _SIZES[key.kind][1]:
        return None
    seconds = int.from_bytes(line.signature[:_TIME_SIZE], "big")
    if seconds > MAX_TIME:
        return None
    try:
        _load(key).verify(line.signature[_TIME_SIZE:], key.message(checkpoint, seconds))
    except (InvalidSignature, LedgerError):
        return None
    return seconds


def _is_damaged(line: NoteSignature, key: CosignerKey) -> bool:
    """True when the last two bits of the key's id differ: base64 has them and the time in one sign.

    One changed character could else turn the line of a known key into one of an unknown key.
    """
    different = int.from_bytes(line.key_id, "big") ^ int.from_bytes(key.key_id, "big")
    return line.name == key.name and different >> _SHARED_BITS == 0


def _load(key: CosignerKey) -> Ed25519PublicKey | MLDSA44PublicKey:
    if key.kind == COSIGNATURE_V1:
        return Ed25519PublicKey.from_public_bytes(key.public)
    return MLDSA44PublicKey.from_public_bytes(key.public)


def _opaque(text: str) -> bytes:
    """A text after its length in one byte (RFC 8446, 3.4)."""
    data = text.encode()
    if not 0 < len(data) <= _MAX_NAME:
        raise LedgerError(f"name of {len(data)} bytes, expected 1 to {_MAX_NAME}")
    return bytes([len(data)]) + data
