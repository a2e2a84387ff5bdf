"""What one writer knows of a log in a bucket, and how it follows what others write.

The view is a checkpoint, the state of its object (`etag`), and the entries of the journal that
follow it. An object of the journal counts only if the checkpoint, looked at after it was read, does
not cover it: else its name may have become free by a commit, and been taken by a writer who did not
know yet. Entries that count are in the log for good, so their tiles may be written by anyone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from auditor.errors import LedgerError, StoreError, VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.note import MAX_NOTE
from auditor.ledger.tiles import MAX_BUNDLE, Tile, TileName, TileTree
from auditor.store.ledger_reader import CHECKPOINT, LogReader
from auditor.store.log_tail import LogTail, Signers
from auditor.store.s3.journal import JournalObjects, body_of
from auditor.store.s3.objects import Found, Lock, Objects

TRIES = 200
Retention = Callable[[], datetime | None]


class LogView:
    """The end of a log as one writer knows it.

    Args:
        objects: The bucket.
        signers: Who signs.
        retain_until: How long the files of the log are to be locked for what is in it already.
    """

    def __init__(self, objects: Objects, signers: Signers, retain_until: Retention) -> None:
        self.objects, self._signers = objects, signers
        self._retain_until = retain_until()
        self.files = LogReader(objects)
        self.journal = JournalObjects(objects, signers)
        self.signed: SignedCheckpoint | None = None
        self.committed = 0
        self._etag: str | None = None
        self._full: list[TileName] = []
        self.tail = self._load()
        self.sync()

    @property
    def size(self) -> int:
        """Entries that are known."""
        return self.tail.size

    def sync(self) -> None:
        """Take the entries of the journal that follow; begin anew where the log has gone on.

        Raises:
            VerificationError: What is stored does not hold together.
            StoreError: The bucket refuses, or others write without end.
        """
        for _try in range(TRIES):
            problem: VerificationError | None = None
            entries: list[bytes] = []
            try:
                entries += self.journal.entries(self.size)
            except VerificationError as error:
                problem = error  # if it was not just committed and removed
            if self.objects.etag(CHECKPOINT) == self._etag:
                if problem is not None:
                    raise problem
                for data in entries:
                    self.take(data)
                return
            self.reload()
        raise busy()

    def reload(self) -> None:
        """Begin at the checkpoint in force."""
        self.tail = self._load()

    def _load(self) -> LogTail:
        for _try in range(TRIES):
            found = self.objects.read(CHECKPOINT, MAX_NOTE)
            signed, etag = parse_head(found), found.etag if found else None
            try:
                tail = LogTail(signed, self.files, self._signers)
            except VerificationError:
                # A tile may have been outgrown while it was looked for; then there is a new head.
                if self.objects.etag(CHECKPOINT) == etag:
                    raise
                continue
            self.signed, self._etag, self._full = signed, etag, []
            self.committed = signed.checkpoint.size if signed else 0
            return tail
        raise busy()

    def refuse_rollback(self) -> None:
        """Tiles are written after the journal: entries in tiles alone mean a lost checkpoint.

        Raises:
            LedgerError: The checkpoint was put back.
        """
        for _try in range(TRIES):
            size = self.size
            beyond = self.files.bundle_beyond(size)
            if beyond is None:
                return
            self.sync()  # others may have appended and committed since we looked
            if self.size == size:
                raise LedgerError(
                    f"the log has entries past its checkpoint of {self.committed} entries that the"
                    " journal does not know: its checkpoint was put back",
                    hint="restore log/checkpoint; appending now would make two histories",
                    where=f"log/{beyond}",
                )
        raise busy()

    # Writing

    def take(self, data: bytes) -> None:
        """Take the next entry, which is in the journal for good."""
        for tile in self.tail.follow(data):
            self._write_tile(tile)
            self._full.append(tile.name)

    def write_last_tiles(self) -> None:
        """The unfinished tiles that a checkpoint of all known entries needs."""
        for tile in self.tail.last_tiles():
            self._write_tile(tile)

    def put_head(self, signed: SignedCheckpoint) -> bool:
        """Write the checkpoint over the one that was read; False when another was first."""
        body, lock = body_of(signed.to_bytes()), self._lock()
        if self._etag is None:
            etag = self.objects.create(CHECKPOINT, body, lock)
        else:
            etag = self.objects.replace(CHECKPOINT, body, self._etag, lock)
        if etag is None:
            return False
        self.signed, self._etag, self.committed = signed, etag, signed.checkpoint.size
        return True

    def clean(self) -> None:
        """Remove what the checkpoint has made needless: journal and outgrown tiles."""
        needless = self.journal.covered(self.committed)
        for name in self._full:
            needless += self.objects.paths(f"log/{name.full.path}.p")
        self.objects.remove(needless)
        self._full = []

    def check_continues(self, size: int, root: bytes) -> None:
        """The log that others have committed begins with what this writer had.

        Raises:
            VerificationError: There are two histories.
        """
        if size <= self.committed:
            now = TileTree(self.committed, self.files.read).root(size)
        else:
            now = self.tail.root() if size == self.size else root
        if now != root:
            raise VerificationError(
                f"the first {size} entries are others than this writer has read and written",
                hint="two histories: keep the bucket as it is, and compare its versions",
                where=CHECKPOINT,
            )

    def _lock(self) -> Lock:
        """The files of the log are kept as long as any evidence that they prove."""
        known = [time for time in (self._retain_until, self.tail.retain_until) if time]
        self._retain_until = max(known, default=None)
        return Lock(self._retain_until)

    def _write_tile(self, tile: Tile) -> None:
        """Create a tile; what others have written there must be the same."""
        path = f"log/{tile.name.path}"
        if self.objects.create(path, body_of(tile.data), self._lock()) is not None:
            return
        found = self.objects.read(path, MAX_BUNDLE)
        if found is not None and found.data != tile.data:
            raise VerificationError(
                "the tile has other bytes than the entries of the journal give",
                hint="auditor verify says what else was changed",
                where=path,
            )


def parse_head(found: Found | None) -> SignedCheckpoint | None:
    """The checkpoint in an object.

    Raises:
        VerificationError: It is none.
    """
    if found is None:
        return None
    try:
        return SignedCheckpoint.parse(found.data)
    except VerificationError as error:
        raise VerificationError(error.message, where=CHECKPOINT) from error


def busy() -> StoreError:
    """Others were always first."""
    return StoreError(
        "other writers of this log were always first", hint="run the command again", where="log"
    )
