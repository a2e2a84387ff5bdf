"""The evidence store in a local folder; `store.base` has the layout.

    index.sqlite  lock  tmp/        not evidence: may be deleted when nobody writes

Puts the parts together; each part is a file of this package. Knows neither keys nor meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.attest.vault import pack_vault, vault_path
from auditor.errors import StoreError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.note import NoteKey, SignBytes
from auditor.store.base import VAULT, BaseStore
from auditor.store.blob_files import BlobFiles
from auditor.store.files import (
    TEMPORARY,
    NewFile,
    make_folders,
    store_errors,
    sync_folder,
    sync_folders,
    write_file,
)
from auditor.store.index import RunIndex
from auditor.store.ledger_reader import CHECKPOINT, LogFiles
from auditor.store.ledger_writer import LOCK, LogWriter, open_log
from auditor.store.lock import exclusive_lock
from auditor.store.reader import FolderReader

INDEX = "index.sqlite"
LOCK_TIMEOUT_S = 30.0
_LEFT_OVER = timedelta(days=1)


class LocalStore(BaseStore):
    """A store in a folder, which is made when something is first written.

    Args:
        folder: `store:` of `auditor.yaml`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderReader(folder), LogFiles(folder))
        self.folder = folder
        self._blobs = BlobFiles(folder)
        self._vault = BlobFiles(folder, VAULT)

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.folder)

    # Evidence

    def put(self, data: bytes, *, retain_until: datetime | None = None) -> BlobRef:
        """Store bytes under their digest; durable when this returns.

        A folder cannot lock: what must be kept until when, the log says.
        """
        del retain_until
        return self._blobs.put(data)

    def put_stream(
        self, pieces: Iterable[bytes], *, retain_until: datetime | None = None
    ) -> BlobRef:
        """Store bytes that come in pieces, without holding them in memory."""
        del retain_until
        return self._blobs.put_stream(pieces)

    def put_disclosures(self, data: bytes) -> BlobRef:
        """Store disclosures of redacted fields, apart from the evidence, in `vault/`."""
        return self._vault.put(data)

    def erase_disclosures(self, reference: BlobRef, keep: bytes) -> None:
        """Replace a file of the vault by a part of it, in its place; nothing removes it."""
        path = vault_path(reference)
        if keep:
            write_file(self.folder, path, pack_vault(keep))
            return
        with store_errors(path):
            file = self.folder / path
            file.unlink(missing_ok=True)
            if file.parent.exists():
                sync_folder(file.parent)

    def erase(self, reference: BlobRef, *, before: datetime) -> bool:
        """Delete a blob past its retention; False when it was stored again since `before`."""
        return self._blobs.erase(reference, before)

    def hold(self, paths: Iterable[str]) -> None:
        """A folder cannot lock: what is under legal hold, the log says, and `prune` obeys."""

    def release(self, paths: Iterable[str]) -> None:
        """Nothing was locked."""

    def add_file(
        self, path: str, pieces: Iterable[bytes], *, retain_until: datetime | None = None
    ) -> bool:
        """Keep a file of another store under the same path; False when there is one already."""
        del retain_until
        if self._source.exists(path):
            return False
        with store_errors(path), NewFile(self.folder) as file:
            for piece in pieces:
                file.write(piece)
            file.publish(self.folder / path)
        return True

    def set_checkpoint(self, data: bytes, before: bytes | None) -> None:
        """Put a checkpoint over the one before, byte for byte; for a copy, never for a log.

        Raises:
            StoreError: The one before is another by now.
        """
        with exclusive_lock(self.folder / LOCK, LOCK_TIMEOUT_S):
            known = self.checkpoint()
            if (known.to_bytes() if known else None) != before:
                raise StoreError("somebody writes to this log meanwhile", where=CHECKPOINT)
            write_file(self.folder, CHECKPOINT, data)

    # The log

    def open_log(
        self,
        *,
        key: NoteKey,
        sign: SignBytes,
        clock: Callable[[], datetime],
        timeout_s: float = LOCK_TIMEOUT_S,
        previous: tuple[NoteKey, SignBytes] | None = None,
    ) -> AbstractContextManager[LogWriter]:
        """Hold the log for writing: `append` is durable at once, `commit` signs a checkpoint.

        Args:
            key: Public half of the log's key (`FileKey.note_key(origin)`); its name is the origin.
            sign: Signs with the private half (`FileKey.sign`).
            clock: UTC.
            timeout_s: How long to wait for another writer, in seconds.
            previous: The key before `key`, for a rotation: it signs until the log has the entry.

        Raises:
            StoreError: Another process holds the log (its pid is named), or the disk refuses.
            LedgerError, VerificationError: The log was begun with another key, or is damaged.
        """
        remove_leftovers(self.folder, clock() - _LEFT_OVER)
        return open_log(self.folder, key, sign, clock, timeout_s, previous)

    def _runs(self) -> RunIndex | None:
        return RunIndex(self.folder / INDEX, self._log) if self.folder.exists() else None

    def _create(self, run: str, path: str, data: bytes) -> bool:
        del run
        with store_errors(path):
            make_folders(self.folder, self.folder)
        if self._source.exists(path):
            with store_errors(path):  # who wrote it may have died before it was safe
                sync_folders((self.folder / path).parent, self.folder)
            return False
        write_file(self.folder, path, data)
        return True


def remove_leftovers(folder: Path, before: datetime) -> None:
    """Remove temporary files of writers that died, where they are older than `before`.

    Raises:
        StoreError: The disk refuses.
    """
    with store_errors(TEMPORARY):
        for path in (folder / TEMPORARY).glob("*"):
            with suppress(FileNotFoundError):  # another writer was faster
                if datetime.fromtimestamp(path.lstat().st_mtime, UTC) < before:
                    path.unlink()
