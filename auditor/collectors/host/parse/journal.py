"""The header of a systemd journal file (systemd's "Journal File Format")."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER_SIZE = 208
_SEALED = 1
_SIGNATURE = b"LPKSHHRH"


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """What the header says. Times are Unix seconds, None in a file without entries."""

    sealed: bool
    oldest_s: int | None
    newest_s: int | None


def parse_header(data: bytes) -> JournalHeader:
    """The facts of a header.

    Raises:
        ValueError: Too short, or another kind of file.
    """
    if len(data) < HEADER_SIZE or data[:8] != _SIGNATURE:
        raise ValueError("has no header of a journal file")
    (compatible,) = struct.unpack_from("<I", data, 8)
    # 24 bytes of flags and state, four ids of 16 bytes, then 64-bit numbers from offset 88;
    # head_entry_realtime and tail_entry_realtime are the 13th and 14th of them.
    oldest, newest = struct.unpack_from("<QQ", data, 184)
    return JournalHeader(
        bool(compatible & _SEALED), oldest // 10**6 or None, newest // 10**6 or None
    )
