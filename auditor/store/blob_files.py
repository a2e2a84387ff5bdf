"""Evidence in files named by its digest: `blobs/sha256/ab/cd...`, gzip.

A blob that is there is never written again; several writers may store the same one at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.errors import VerificationError
from auditor.ledger.blobs import BlobEncoder, BlobRef, Stored, decode_blob
from auditor.store.files import CHUNK, NewFile, read_chunks, store_errors


class BlobFiles:
    """A folder of blobs in a store.

    Args:
        root: The store.
        area: "" for evidence; `vault/` for what may be erased without breaking anything.
    """

    def __init__(self, root: Path, area: str = "") -> None:
        self._root = root
        self._area = area

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
            path = self._root / self._path(reference)
            if not path.exists():
                file.publish(path)
                return reference
        return self._existing(reference)

    def stream(self, reference: BlobRef) -> Iterator[bytes]:
        """The plain bytes, piece by piece; proven when the iterator ends without raising.

        Raises:
            VerificationError: Missing, or other bytes than the reference says.
        """
        path = self._root / self._path(reference)
        with store_errors(self._path(reference)):
            if not path.exists():
                raise VerificationError("the blob is missing", where=self._path(reference))
            try:
                yield from decode_blob(reference, read_chunks(path))
            except VerificationError as error:
                raise VerificationError(error.message, where=self._path(reference)) from error

    def get(self, reference: BlobRef) -> bytes:
        """The plain bytes, proven.

        Raises:
            VerificationError: Missing, or other bytes than the reference says.
        """
        return b"".join(self.stream(reference))

    def _path(self, reference: BlobRef) -> str:
        return f"{self._area}{reference.path}"

    def _existing(self, reference: BlobRef) -> BlobRef:
        """The reference of a file that is there: another zlib may have packed it otherwise."""
        seen, size = hashlib.sha256(), 0
        with store_errors(self._path(reference)):
            for piece in read_chunks(self._root / self._path(reference)):
                seen.update(piece)
                size += len(piece)
        stored = Stored(encoding="gzip", digest=f"sha256:{seen.hexdigest()}", size=size)
        found = reference.model_copy(update={"stored": stored})
        if found != reference:
            for _piece in self.stream(found):
                pass
        return found
