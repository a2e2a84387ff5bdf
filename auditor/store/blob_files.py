"""Evidence in files named by its digest: `blobs/sha256/ab/cd...`, gzip.

A blob that is there is never written again; several writers may store the same one at once. Its
time of writing is that of the last time that it was stored, so that what a run is just storing is
not taken for old.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from auditor.ledger.blobs import BlobEncoder, BlobRef
from auditor.store.blob_reader import BlobReader
from auditor.store.files import CHUNK, NewFile, store_errors, sync_folder, sync_folders
from auditor.store.reader import FolderReader


class BlobFiles(BlobReader):
    """A folder of blobs in a store.

    Args:
        root: The store.
        area: "" for evidence; `vault/` for what may be erased without breaking anything.
    """

    def __init__(self, root: Path, area: str = "") -> None:
        super().__init__(FolderReader(root), area)
        self._root = root

    def put(self, data: bytes) -> BlobRef:
        """Store bytes; durable when this returns."""
        return self.put_stream(data[at : at + CHUNK] for at in range(0, len(data), CHUNK))

    def put_stream(self, pieces: Iterable[bytes]) -> BlobRef:
        """Store bytes that come in pieces, without holding them in memory.

        Raises:
            StoreError: The disk refuses.
            VerificationError: A file of this name is there, and it is damaged.
        """
        encoder = BlobEncoder()
        with store_errors("blobs"), NewFile(self._root) as file:
            for piece in pieces:
                file.write(encoder.update(piece))
            file.write(encoder.finish())
            reference = encoder.reference
            path = self._root / self.path(reference)
            if not self._source.exists(self.path(reference)):
                file.publish(path)
                return reference
        found = self.existing(reference)
        with store_errors(self.path(reference)):
            os.utime(path)
            sync_folders(path.parent, self._root)  # who wrote it may have died before it was safe
        return found

    def erase(self, reference: BlobRef, before: datetime | None = None) -> bool:
        """Delete a blob; False when it was stored again since `before`.

        Raises:
            StoreError: The disk refuses.
        """
        path = self._root / self.path(reference)
        with store_errors(self.path(reference)):
            if not self._source.exists(self.path(reference)):
                return True
            written = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
            if before is not None and written >= before:
                return False
            path.unlink()
            sync_folder(path.parent)
        return True
