"""The reader port: what verification needs of a store, and reads through it with a limit.

A store is a set of files named by relative paths with `/`: `log/...`, `blobs/...`, `runs/...`.
A folder, a zip file or a bucket can implement it; nothing here knows which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from auditor.errors import VerificationError


class StoreReader(Protocol):
    """Read access to a store."""

    def paths(self, folder: str) -> Iterator[str]:
        """All files below `folder` (`log`), as paths relative to the store, sorted.

        Raises:
            StoreError: The folder cannot be listed. A folder that is not there has no files.
        """
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of one file, in pieces of about a megabyte.

        Raises:
            VerificationError: No such file; `.where` is the path.
            StoreError: It is there and cannot be read.
        """
        ...


def read_bounded(reader: StoreReader, path: str, limit: int) -> bytes:
    """A whole file of at most `limit` bytes.

    Raises:
        VerificationError: Missing, or longer; `.where` is the path.
        StoreError: It is there and cannot be read.
    """
    parts: list[bytes] = []
    size = 0
    for piece in reader.chunks(path):
        size += len(piece)
        if size > limit:
            raise VerificationError(f"longer than the {limit} bytes that are possible", where=path)
        parts.append(piece)
    return b"".join(parts)
