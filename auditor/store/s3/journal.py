"""The journal of a log in a bucket: one object for each append, named by its first index.

    log/journal/0000000000000042

Creating an object claims the indexes of its entries. What follows what, and whether a claim holds,
is `log_view`'s and `log`'s matter. The bytes are frames as in the journal of a folder.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.journal import encode_frames, read_frames
from auditor.store.log_tail import Signers
from auditor.store.s3.objects import Body, Objects

JOURNAL = "log/journal"
MAX_OBJECT = 1 << 30


def journal_path(index: int) -> str:
    """Where the entries of one append lie."""
    return f"{JOURNAL}/{index:016d}"


def body_of(data: bytes) -> Body:
    """Bytes as the body of an object."""
    return Body(data, len(data), hashlib.sha256(data).digest())


class JournalObjects:
    """The objects of the journal.

    Args:
        signers: Who seals, and whose seals count.
    """

    def __init__(self, objects: Objects, signers: Signers) -> None:
        self._objects, self._signers = objects, signers

    def claim(self, first: int, entries: Sequence[bytes]) -> bool:
        """Create the object of an append; False when another writer has the place."""
        data = b"".join(encode_frames(entries, self._signers.seal))
        return self._objects.create(journal_path(first), body_of(data)) is not None

    def unclaim(self, first: int) -> None:
        """Take back a claim that does not hold."""
        self._objects.remove([journal_path(first)])

    def entries(self, size: int) -> Iterator[bytes]:
        """The entries from index `size` on.

        Raises:
            VerificationError: One is missing or damaged, unless it was removed meanwhile.
        """
        expected = size
        after = journal_path(size - 1) if size else ""
        for path in self._objects.paths_after(JOURNAL, after):
            if path != journal_path(expected):
                raise VerificationError(
                    f"the journal lacks entry {expected}, which this one follows", where=path
                )
            for data in self._frames(path):
                expected += 1
                yield data

    def covered(self, size: int) -> list[str]:
        """The objects whose entries are among the first `size`."""
        last = journal_path(size)
        return [path for path in self._objects.paths(JOURNAL) if path < last]

    def _frames(self, path: str) -> list[bytes]:
        found = self._objects.read(path, MAX_OBJECT)
        if found is None:
            raise VerificationError("the file is missing", where=path)
        try:
            frames = list(read_frames(io.BytesIO(found.data)))
        except LedgerError as error:
            raise VerificationError(error.message, hint=error.hint, where=path) from error
        if not frames or frames[-1].end != len(found.data):
            raise VerificationError("the object is no whole piece of the journal", where=path)
        for frame in {frame.end: frame for frame in frames}.values():
            self._signers.check_seal(frame, path)
        return [frame.entry for frame in frames]
