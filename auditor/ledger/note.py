"""Signed notes: a text and signature lines, as transparency logs exchange them.

Verifies Ed25519 signatures of the text (type 0x01), by which logs sign; `cosignature` has the types
that sign a time too. Lines of other keys are kept and left to their owners, as the standard asks.
Standard: C2SP signed-note (https://c2sp.org/signed-note).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auditor.errors import LedgerError, UndecidableError, VerificationError
from auditor.ledger.encoding import decode_base64, encode_base64

SignBytes = Callable[[bytes], bytes]
"""Makes the raw signature of a message: 64 bytes for Ed25519, 2,420 for ML-DSA-44."""

MAX_NOTE = 256 * 1024
MAX_VKEY = 4096
MAX_SIGNATURES = 64
ED25519 = 0x01
KEY_SIZE = 32
SIGNATURE_SIZE = 64
_KEY_ID_SIZE = 4
_NAME = re.compile(r"[^\s+\x00-\x20]+")
_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)")


def check_key_name(name: str) -> None:
    """Refuse what cannot stand in a signature line.

    Raises:
        LedgerError: Empty, or with white space, control characters or a plus sign.
    """
    if _NAME.fullmatch(name) is None:
        raise LedgerError(
            f"got key name {name[:80]!r}, expected no white space and no '+'",
            hint="name it like a URL without its scheme: example.org/auditor-log",
        )


def note_key_id(name: str, kind: int, public: bytes) -> bytes:
    """Four bytes that, with the name, say which key signed and how.

    Args:
        kind: The signature type identifier byte of the standard.
        public: The public key as its type encodes it.
    """
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_SIZE]


def format_vkey(name: str, kind: int, public: bytes) -> str:
    """The text form of a public key: `name+keyid+base64(type and key)`."""
    encoded = encode_base64(bytes([kind]) + public)
    return f"{name}+{note_key_id(name, kind, public).hex()}+{encoded}"


def parse_vkey(vkey: str) -> tuple[str, int, bytes]:
    """Name, signature type and public key of a vkey; its one spelling is accepted.

    Raises:
        LedgerError: Another form, or an id that is not the key's.
    """
    if len(vkey) > MAX_VKEY:
        raise LedgerError(f"vkey of {len(vkey)} characters, expected at most {MAX_VKEY}")
    name, _, rest = vkey.partition("+")
    data = decode_base64(rest.partition("+")[2])
    if not data:
        raise LedgerError(f"got vkey {vkey[:80]!r}, expected name+keyid+base64")
    check_key_name(name)
    kind, public = data[0], data[1:]
    expected = format_vkey(name, kind, public)
    if expected != vkey:
        raise LedgerError(f"got vkey {vkey[:80]!r}, expected {expected[:80]!r}")
    return name, kind, public


@dataclass(frozen=True, slots=True)
class NoteKey:
    """An Ed25519 key that verifies the text of notes, such as a log's."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public) != KEY_SIZE:
            raise LedgerError(f"Ed25519 key of {len(self.public)} bytes, expected {KEY_SIZE}")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        return note_key_id(self.name, ED25519, self.public)

    @property
    def vkey(self) -> str:
        """The text form."""
        return format_vkey(self.name, ED25519, self.public)

    @classmethod
    def parse(cls, vkey: str) -> NoteKey:
        """The key of a vkey text.

        Raises:
            LedgerError: Another form, another algorithm, or an id that is not the key's.
        """
        name, kind, public = parse_vkey(vkey)
        if kind != ED25519:
            raise LedgerError(
                f"got vkey {vkey[:80]!r} of type {kind:#04x}, expected a log's Ed25519 key (0x01)"
            )
        return cls(name, public)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the signer's name, its key id (4 bytes) and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line without its newline."""
        return f"\u2014 {self.name} {encode_base64(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text ending in a newline, and its signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def to_bytes(self) -> bytes:
        """The note as it is stored."""
        lines = "".join(f"{signature.line}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a note strictly.

        Raises:
            VerificationError: Any departure from the format.
        """
        if len(data) > MAX_NOTE:
            raise VerificationError(f"note of {len(data)} bytes, expected at most {MAX_NOTE}")
        text, separator, lines = _decode(data).rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise VerificationError("the note has no signature lines or its end is cut off")
        rows = lines[:-1].split("\n")
        if len(rows) > MAX_SIGNATURES:
            raise VerificationError(f"{len(rows)} signatures, expected at most {MAX_SIGNATURES}")
        return cls(f"{text}\n", tuple(parse_signature_line(row) for row in rows))


def sign_note(text: str, key: NoteKey, sign: SignBytes) -> Note:
    """A note with one signature.

    Args:
        text: Ends in a newline.
        key: Public half of the signing key.
        sign: Signs with the private half.

    Raises:
        LedgerError: The signature is not of this key: two keys were mixed up.
    """
    signature = sign(text.encode())
    if not _is_valid(key, signature, text):
        raise LedgerError(f"the signing key is not the private half of {key.vkey}")
    return Note(text, (NoteSignature(key.name, key.key_id, signature),))


def verify_note(note: Note, keys: Sequence[NoteKey]) -> list[NoteKey]:
    """The given keys that signed the note; at least one.

    Raises:
        VerificationError: A line of a given key does not verify, or a given key signed under
            another id.
        UndecidableError: None of the given keys signed.
    """
    signers: list[NoteKey] = []
    for signature in note.signatures:
        for key in keys:
            named = (signature.name, signature.key_id) == (key.name, key.key_id)
            valid = _is_valid(key, signature.signature, note.text)
            if named != valid:
                raise VerificationError(f"signature line of {signature.name!r} does not verify")
            if valid:
                signers.append(key)
    if not signers:
        names = ", ".join(sorted({signature.name for signature in note.signatures}))
        raise UndecidableError(f"signed only by keys that are not known here ({names})")
    return signers


def has_signed(key: NoteKey, signature: bytes, message: bytes) -> bool:
    """True when it is the signature of the message by this key."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _is_valid(key: NoteKey, signature: bytes, text: str) -> bool:
    return has_signed(key, signature, text.encode())


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VerificationError("the note is not UTF-8") from error
    if any(character < " " and character != "\n" for character in text):
        raise VerificationError("the note holds control characters")
    return text


def parse_signature_line(row: str) -> NoteSignature:
    """A signature line without its newline.

    Raises:
        VerificationError: Any departure from the format.
    """
    match = _LINE.fullmatch(row)
    if match is None:
        raise VerificationError(f"got {row[:80]!r}, expected a signature line")
    try:
        data = decode_base64(match[2])
    except LedgerError as error:
        raise VerificationError(f"signature line of {match[1]!r}: {error.message}") from error
    if len(data) <= _KEY_ID_SIZE:
        raise VerificationError(f"signature line of {match[1]!r} is too short")
    return NoteSignature(match[1], data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])
