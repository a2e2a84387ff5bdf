"""Evidence in a bucket: created once, locked, named by its digest.

The name is known when the last byte was read; so a stream is packed into a temporary file first,
in memory while it is small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from auditor.ledger.blobs import BlobEncoder, BlobRef
from auditor.store.blob_reader import BlobReader
from auditor.store.s3.objects import Lock, Objects
from auditor.store.s3.spool import spooled


class ObjectBlobs(BlobReader):
    """The blobs of a bucket.

    Args:
        objects: The bucket.
        area: "" for evidence; `vault/` for what may be erased without breaking anything.
    """

    def __init__(self, objects: Objects, area: str = "") -> None:
        super().__init__(objects, area)
        self._objects = objects

    def put_stream(self, pieces: Iterable[bytes], lock: Lock) -> BlobRef:
        """Store bytes that come in pieces; what is there already is locked as long at least.

        Raises:
            StoreError: The bucket refuses.
            VerificationError: An object of this name is there, and it is damaged.
        """
        encoder = BlobEncoder()
        with spooled(_packed(encoder, pieces)) as body:
            reference = encoder.reference
            if self._objects.create(self.path(reference), body, lock) is not None:
                return reference
        found = self.existing(reference)
        self._objects.extend(self.path(reference), lock)
        return found

    def erase(self, reference: BlobRef, before: datetime) -> bool:
        """Delete a blob with all its versions; False where a lock or a later use keeps it."""
        return self._objects.erase(self.path(reference), before=before)


def _packed(encoder: BlobEncoder, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield encoder.update(piece)
    yield encoder.finish()
