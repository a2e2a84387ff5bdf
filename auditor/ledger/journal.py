"""Frames of the journal: entries that are safe on disk and not yet in tiles.

A frame is length (4 bytes, big-endian), CRC-32 (4 bytes) over length and bytes, bytes. A machine
that dies while writing leaves a torn tail: one frame, cut off or wrong in its CRC. It was never
acknowledged and may be dropped. Each entry is safe on disk before the next is begun; so a broken
frame with more than one frame behind it is no torn tail but damage, and nothing may be dropped.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from auditor.errors import LedgerError
from auditor.ledger.tiles import MAX_ENTRY

HEADER_SIZE = 8
MAX_FRAME = HEADER_SIZE + MAX_ENTRY
_ENTRY_START = b"{"


class ByteSource(Protocol):
    """Reads on: up to `size` bytes, b"" at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole entry in the journal; `end` is the offset behind it, in bytes."""

    entry: bytes
    end: int


def encode_frame(entry: bytes) -> bytes:
    """The frame of one entry."""
    length = len(entry).to_bytes(4, "big")
    return length + zlib.crc32(entry, zlib.crc32(length)).to_bytes(4, "big") + entry


def read_frames(source: ByteSource) -> Iterator[Frame]:
    """The whole frames of a journal; ends before a torn tail.

    Raises:
        LedgerError: A frame in the middle is damaged; entries that were acknowledged are lost.
    """
    end = 0
    while True:
        data, entry = _read_frame(source)
        if entry is None:
            break
        end += len(data)
        yield Frame(entry, end)
    if _holds_more_than_a_tail(data + source.read(MAX_FRAME + 1)):
        raise LedgerError(
            f"the journal is damaged at byte {end}, with whole entries behind it",
            hint="restore the file from a copy; it holds entries that must not be lost",
            where="log/journal",
        )


def _read_frame(source: ByteSource) -> tuple[bytes, bytes | None]:
    """The bytes read and the entry in them; None at the end, and where a frame is broken."""
    header = source.read(HEADER_SIZE)
    length = int.from_bytes(header[:4], "big")
    if len(header) < HEADER_SIZE or not 0 < length <= MAX_ENTRY:
        return header, None
    entry = source.read(length)
    data = header + entry
    return data, entry if encode_frame(entry) == data else None


def _holds_more_than_a_tail(rest: bytes) -> bool:
    """True when the bytes after a broken frame's beginning hold a whole frame, or too much."""
    if len(rest) > MAX_FRAME:
        return True
    at = rest.find(_ENTRY_START, HEADER_SIZE)
    while at > 0:
        start = at - HEADER_SIZE
        stop = at + int.from_bytes(rest[start : start + 4], "big")
        if at < stop <= len(rest) and encode_frame(rest[at:stop]) == rest[start:stop]:
            return True
        at = rest.find(_ENTRY_START, at + 1)
    return False
