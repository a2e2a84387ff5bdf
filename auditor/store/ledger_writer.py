"""Writes the log so that nothing acknowledged is ever lost, whenever the machine dies.

(1) lock, (2) journal and fsync: from here on the entry is acknowledged, (3) tiles, each durable
before the next step, (4) sign, (5) checkpoint, (6) empty the journal, whose entries are now all in
checkpointed tiles. Recovery, under the lock: drop a torn tail of the journal, replay what is past
the checkpoint; the checkpoint itself is never moved back. Memory is one bundle and the right edge.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

from auditor.errors import LedgerError, StoreError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import Entry, KeyRecord, LogBody
from auditor.ledger.journal import encode_frames, read_frames
from auditor.ledger.note import Note, NoteKey, NoteSignature, SignBytes
from auditor.ledger.tiles import Tile, TileName
from auditor.store.files import make_folders, store_errors, sync_folders, write_file
from auditor.store.ledger_reader import LogFiles
from auditor.store.lock import exclusive_lock
from auditor.store.log_tail import (
    Clock,
    LogSigner,
    LogTail,
    Signers,
    entry_time,
)

JOURNAL = "journal"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening the log found: entries replayed from the journal, bytes of a torn tail."""

    entries: int = 0
    dropped_bytes: int = 0


@contextmanager
def open_log(
    root: Path,
    key: NoteKey,
    sign: SignBytes,
    clock: Clock,
    timeout_s: float,
    previous: LogSigner | None = None,
) -> Iterator[LogWriter]:
    """Hold the log for writing.

    Args:
        root: Folder of the store; the log is in `log/`.
        key: Public half of the log's key; its name is the log's origin.
        sign: Signs with the private half.
        clock: UTC.
        timeout_s: How long to wait for another writer.
        previous: The log's key before `key`, which signs until the log has the entry that rotates
            to `key`; None except for a rotation.

    Raises:
        StoreError: Another process holds it, or the disk refuses.
        LedgerError, VerificationError: What is stored does not hold together.
    """
    with store_errors(str(root)):
        make_folders(root / "log", root)
    with exclusive_lock(root / LOCK, timeout_s):
        writer = LogWriter(root, key, sign, clock, previous)
        try:
            yield writer
        finally:
            writer.close()


class LogWriter:
    """Appends to a log that it holds alone; made by `open_log`.

    The first entry of a new log is written by itself: a `key` entry with the log's own key, so
    that a checkpoint signed by a key which the log does not name is found to be a difference.
    """

    def __init__(
        self,
        root: Path,
        key: NoteKey,
        sign: SignBytes,
        clock: Clock,
        previous: LogSigner | None = None,
    ) -> None:
        self._root = root
        self._files = LogFiles(root)
        self._clock = clock
        self._broken = ""
        self._finished: list[TileName] = []
        self._signers = Signers(key, sign, previous)
        self._signed = self._files.checkpoint()
        self._committed = self._signed.checkpoint.size if self._signed else 0
        self._tail = LogTail(self._signed, self._files, self._signers)
        with store_errors(f"log/{JOURNAL}"):
            self._journal = self._open_journal()
        try:
            self.recovery = self._recover()
            self._refuse_rollback()
            if self.size == 0:
                vkey = self._tail.key.vkey
                since = entry_time(self._tail.chain, self._clock)
                self.append(KeyRecord(use="log", action="introduce", key=vkey, since=since))
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Entries so far: the index of the next one."""
        return self._tail.size

    @property
    def checkpoint(self) -> SignedCheckpoint | None:
        """The last checkpoint; None before the first commit of a log."""
        return self._signed

    def append(self, body: LogBody) -> int:
        """Add an entry; when this returns, the entry is on disk.

        Returns:
            Its index in the log.

        Raises:
            LedgerError: The entry is too long or holds what canonical JSON forbids; nothing was
                written and the log can be used on.
            StoreError: The disk refused, or the clock is wrong.
        """
        return self.append_all((body,)).start

    def append_all(self, bodies: Iterable[LogBody]) -> range:
        """Add entries; when this returns, all of them are on disk, by one write and one fsync.

        They are held in memory, and written when the last of them is made: whatever goes wrong
        before that, also in `bodies` itself, leaves nothing. A crash while writing leaves either
        all or none of them; of more than 4 MiB, the first so many times 4 MiB.

        Returns:
            Their indexes in the log.

        Raises:
            LedgerError: An entry is too long or holds what canonical JSON forbids; nothing was
                written and the log can be used on.
            StoreError: The disk refused, or the clock is wrong.
        """
        chain = self._tail.chain.copy()
        made = [(self._tail.make(chain, body, self._clock), body) for body in bodies]
        indexes = range(self.size, chain.index)
        if len(indexes) != len(made):
            raise LedgerError("the log grew by others while a batch for it was being made")
        with self._breaking("append"):
            for frame in encode_frames((data for data, _body in made), self._signers.seal):
                self._write_frame(frame)
            self._tail.chain = chain
            for data, body in made:
                self._finish(self._tail.take(data, body))
        return indexes

    def cosign(self, signatures: Sequence[NoteSignature]) -> SignedCheckpoint:
        """Put cosignatures to the checkpoint in force; its text stays what it is.

        Raises:
            LedgerError: There is no checkpoint yet.
            StoreError: The disk refused.
        """
        if self._signed is None:
            raise LedgerError("there is no checkpoint to cosign", where="log/checkpoint")
        known = self._signed.note.signatures
        new = tuple(item for item in signatures if item not in known)
        if new:
            signed = replace(self._signed, note=Note(self._signed.note.text, (*known, *new)))
            with self._breaking("cosign"):
                write_file(self._root, "log/checkpoint", signed.to_bytes())
                self._signed = signed
        return self._signed

    def commit(self) -> SignedCheckpoint:
        """Write the tiles of all entries, sign, write the checkpoint.

        Returns:
            The checkpoint that is now in force.

        Raises:
            StoreError: The disk refused; everything appended is still in the journal.
            LedgerError: `sign` does not sign with the log's key.
        """
        if self._signed is not None and self._committed == self.size:
            return self._signed
        with self._breaking("commit"):
            for tile in self._tail.last_tiles():
                self._write(tile)
            signed = self._tail.sign_head()
            write_file(self._root, "log/checkpoint", signed.to_bytes())
            self._signed, self._committed = signed, self.size
            self._empty_journal()
            self._remove_outgrown()
        return signed

    def close(self) -> None:
        """Let go of the journal; uncommitted entries stay in it for the next writer."""
        self._journal.close()

    # Opening

    def _open_journal(self) -> FileIO:
        path = self._root / "log" / JOURNAL
        path.touch(mode=0o640)
        sync_folders(path.parent, self._root)  # who made it may have died before it was safe
        # Unbuffered: what a failed write left in a buffer must not be written by a later close.
        return path.open("r+b", buffering=0)

    def _recover(self) -> Recovery:
        replayed, end = 0, 0
        for frame in read_frames(self._journal):
            if frame.end != end:
                self._signers.check_seal(frame, f"log/{JOURNAL}")
            end = frame.end
            if Entry.parse(frame.entry).index < self._committed:
                continue  # died between checkpoint and emptying the journal
            self._finish(self._tail.follow(frame.entry))
            replayed += 1
        with store_errors(f"log/{JOURNAL}"):
            size = self._journal.seek(0, os.SEEK_END)
            self._journal.seek(end)
            self._journal.truncate()
            os.fsync(self._journal.fileno())
        return Recovery(replayed, size - end)

    def _refuse_rollback(self) -> None:
        """Tiles are written after the journal: entries in tiles alone mean a lost checkpoint."""
        beyond = self._files.bundle_beyond(self.size)
        if beyond is not None:
            raise LedgerError(
                f"the log has entries past its checkpoint of {self._committed} entries that the"
                " journal does not know: its checkpoint was put back",
                hint="restore log/checkpoint; appending now would make two histories",
                where=f"log/{beyond}",
            )

    # Appending

    def _finish(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            self._write(tile)
            self._finished.append(tile.name)

    def _write_frame(self, frame: bytes) -> None:
        written = self._journal.write(frame)
        if written != len(frame):
            raise StoreError(f"only {written} of {len(frame)} bytes fit", where=f"log/{JOURNAL}")
        os.fsync(self._journal.fileno())

    def _write(self, tile: Tile) -> None:
        write_file(self._root, f"log/{tile.name.path}", tile.data)

    def _empty_journal(self) -> None:
        self._journal.seek(0)
        self._journal.truncate()
        os.fsync(self._journal.fileno())

    def _remove_outgrown(self) -> None:
        """Partial tiles whose full tile is there now; the standard allows it."""
        for name in self._finished:
            self._files.remove_partials(name)
        self._finished.clear()

    @contextmanager
    def _breaking(self, what: str) -> Iterator[None]:
        """After a failed write nobody knows what is on disk: only opening anew finds out."""
        if self._broken:
            raise StoreError(
                f"the log cannot be used after a failed {self._broken}",
                hint="run the command again; opening the log recovers it",
                where="log",
            )
        self._broken = what
        with store_errors("log"):
            yield
        self._broken = ""
