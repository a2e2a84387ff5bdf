"""Reads evidence by its digest, whatever kind of store it lies in, and proves what it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from auditor.errors import VerificationError
from auditor.ledger.blobs import BlobRef, Stored, decode_blob
from auditor.store.source import FileSource


class BlobReader:
    """The blobs of a store.

    Args:
        source: The store's files.
        area: "" for evidence; `vault/` for what may be erased without breaking anything.
    """

    def __init__(self, source: FileSource, area: str = "") -> None:
        self._source = source
        self._area = area

    def path(self, reference: BlobRef) -> str:
        """Where a blob lies in the store."""
        return f"{self._area}{reference.path}"

    def stream(self, reference: BlobRef) -> Iterator[bytes]:
        """The plain bytes, piece by piece; proven when the iterator ends without raising.

        Raises:
            VerificationError: Missing, or other bytes than the reference says.
        """
        path = self.path(reference)
        if not self._source.exists(path):
            raise VerificationError("the blob is missing", where=path)
        try:
            yield from decode_blob(reference, self._source.chunks(path))
        except VerificationError as error:
            raise VerificationError(error.message, where=path) from error

    def get(self, reference: BlobRef) -> bytes:
        """The plain bytes, proven.

        Raises:
            VerificationError: Missing, or other bytes than the reference says.
        """
        return b"".join(self.stream(reference))

    def existing(self, reference: BlobRef) -> BlobRef:
        """The reference of a file that is there: another zlib may have packed it otherwise.

        Raises:
            VerificationError: It does not hold the bytes of the reference.
        """
        seen, size = hashlib.sha256(), 0
        for piece in self._source.chunks(self.path(reference)):
            seen.update(piece)
            size += len(piece)
        stored = Stored(encoding="gzip", digest=f"sha256:{seen.hexdigest()}", size=size)
        found = reference.model_copy(update={"stored": stored})
        if found != reference:
            for _piece in self.stream(found):
                pass
        return found
