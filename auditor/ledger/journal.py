"""Frames of the journal: entries that are safe on disk and not yet in tiles.

A frame is length (4 bytes, big-endian), CRC-32 (4 bytes) over length and payload, payload; the
payload is one or more entries, each after its length (2 bytes), as in a bundle of tiles. What is in
one frame is acknowledged together. A machine that dies while writing leaves a torn tail: one frame,
cut off or wrong in its CRC; none of its entries was acknowledged, and it may be dropped. Each frame
is safe on disk before the next is begun; so a broken frame with a whole one behind it, or with more
behind it than a frame can be, is no torn tail but damage, and nothing may be dropped.

The last item of a payload is its seal: a signature by the log's key. Without it, whoever can write
the store could put entries into the journal, and the next writer would sign them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from auditor.errors import LedgerError
from auditor.ledger.tiles import encode_bundle

HEADER_SIZE = 8
MAX_PAYLOAD = 4 * 1024 * 1024
"""Largest payload of one frame, bytes: what is read at once when a log is opened."""
MAX_FRAME = HEADER_SIZE + MAX_PAYLOAD
_LENGTH = 2
_ENTRY_START = b"{"
_SEAL_START = b"\x00"  # no entry begins so
_SEAL_ROOM = _LENGTH + 1 + 64  # an Ed25519 signature
_SEAL_CONTEXT = b"auditor-journal/v1\n"  # no checkpoint begins so
Seal = Callable[[bytes], bytes]
"""Makes the signature of a frame's message with the log's key."""
_SEARCH_BUDGET = 16 * MAX_PAYLOAD  # bytes digested in search of a whole frame; then it is damage


class ByteSource(Protocol):
    """Reads on: up to `size` bytes, b"" at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole entry in the journal.

    Args:
        end: Offset behind the frame that holds it, bytes.
        message: What the frame's seal signs.
        seal: The signature; b"" where the frame has none.
    """

    entry: bytes
    end: int
    message: bytes = b""
    seal: bytes = b""


def encode_frame(*entries: bytes, seal: Seal | None = None) -> bytes:
    """The frame of entries that are acknowledged together; at most `MAX_PAYLOAD` with lengths."""
    payload = encode_bundle(entries)
    if seal is not None:
        payload += encode_bundle((_SEAL_START + seal(_message(payload)),))
    if not 0 < len(payload) <= MAX_PAYLOAD:
        raise LedgerError(f"frame of {len(payload)} bytes, expected 1 to {MAX_PAYLOAD}")
    return _header(payload) + payload


def encode_frames(entries: Iterable[bytes], seal: Seal | None = None) -> Iterator[bytes]:
    """The frames of many entries, each as full as it may be."""
    room = MAX_PAYLOAD - (_SEAL_ROOM if seal else 0)
    together: list[bytes] = []
    size = 0
    for entry in entries:
        size += _LENGTH + len(entry)
        if size > room:
            yield encode_frame(*together, seal=seal)
            together, size = [], _LENGTH + len(entry)
        together.append(entry)
    if together:
        yield encode_frame(*together, seal=seal)


def read_frames(source: ByteSource) -> Iterator[Frame]:
    """The entries of the whole frames of a journal; ends before a torn tail.

    Raises:
        LedgerError: A frame in the middle is damaged; entries that were acknowledged are lost.
    """
    end = 0
    while True:
        data, entries = _read_frame(source)
        if not entries:
            break
        end += len(data)
        message, seal = b"", b""
        if entries[-1].startswith(_SEAL_START):
            sealed = len(data) - _LENGTH - len(entries[-1])
            message, seal = _message(data[HEADER_SIZE:sealed]), entries.pop()[1:]
        for entry in entries:
            yield Frame(entry, end, message, seal)
    if _holds_more_than_a_tail(data + source.read(MAX_FRAME + 1)):
        raise LedgerError(
            f"the journal is damaged at byte {end}, with whole entries behind it",
            hint="restore the file from a copy; it holds entries that must not be lost",
            where="log/journal",
        )


def _message(payload: bytes) -> bytes:
    return _SEAL_CONTEXT + hashlib.sha256(payload).hexdigest().encode() + b"\n"


def _header(payload: bytes) -> bytes:
    length = len(payload).to_bytes(4, "big")
    return length + zlib.crc32(payload, zlib.crc32(length)).to_bytes(4, "big")


def _read_frame(source: ByteSource) -> tuple[bytes, list[bytes]]:
    """The bytes read and the entries in them; none at the end, and where a frame is broken."""
    header = source.read(HEADER_SIZE)
    length = int.from_bytes(header[:4], "big")
    if len(header) < HEADER_SIZE or not 0 < length <= MAX_PAYLOAD:
        return header, []
    payload = source.read(length)
    whole = len(payload) == length and _header(payload) == header
    return header + payload, _entries(payload) if whole else []


def _entries(payload: bytes) -> list[bytes]:
    """The entries of a payload; none where it is not made of entries."""
    entries: list[bytes] = []
    at = 0
    while at < len(payload):
        start = at + _LENGTH
        at = start + int.from_bytes(payload[at:start], "big")
        if not start < at <= len(payload):
            return []
        entries.append(payload[start:at])
    return entries


def _holds_more_than_a_tail(rest: bytes) -> bool:
    """True when the bytes after a broken frame's beginning hold a whole frame, or too much."""
    if len(rest) > MAX_FRAME:
        return True
    before = HEADER_SIZE + _LENGTH
    budget = _SEARCH_BUDGET
    at = rest.find(_ENTRY_START, before)
    while at > 0:
        start = at - _LENGTH
        stop = start + int.from_bytes(rest[at - before : at - before + 4], "big")
        if at < stop <= len(rest):
            budget -= stop - start
            if budget < 0 or _header(rest[start:stop]) == rest[at - before : start]:
                return True
        at = rest.find(_ENTRY_START, at + 1)
    return False
