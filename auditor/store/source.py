"""The small port that everything shared by stores is built on: list, read, is it there.

A folder (`store.reader`) and a bucket (`store.s3`) implement it. It is the reader port of
verification with one question more.
"""

from __future__ import annotations

from typing import Protocol

from auditor.attest.reader import StoreReader


class FileSource(StoreReader, Protocol):
    """The files of a store, by their paths in it."""

    def exists(self, path: str) -> bool:
        """True when there is such a file.

        Raises:
            StoreError: The store does not answer.
        """
        ...
