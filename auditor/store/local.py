"""The evidence store in a local folder.

    log/checkpoint  log/tile/...  log/journal      the log (C2SP tlog-tiles)
    blobs/sha256/ab/cd...                          evidence, policies, verdicts (gzip)
    runs/<run id>/statement.sigstore.json          the signed statement, and files kept with it
    vault/blobs/...                                disclosures of redacted fields; may be erased
    index.sqlite  lock  tmp/                       not evidence: may be deleted when nobody writes

Puts the parts together; each part is a file of this package. Knows neither keys nor meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from auditor.core.canonical import digest
from auditor.errors import StoreError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint
from auditor.ledger.entries import Entry
from auditor.ledger.note import NoteKey, SignBytes
from auditor.ledger.proofs import consistency_proof, inclusion_proof, verify_consistency
from auditor.ledger.runs import RunBook, RunHistory
from auditor.ledger.tiles import TileTree
from auditor.ledger.tlog_proof import TlogProof
from auditor.store.blob_files import BlobFiles
from auditor.store.files import make_folders, store_errors, write_file
from auditor.store.index import RunIndex, RunSummary
from auditor.store.ledger_reader import LogFiles
from auditor.store.ledger_writer import LogWriter, open_log
from auditor.store.reader import FolderReader

STATEMENT = "statement.sigstore.json"
VAULT = "vault/"
LOCK_TIMEOUT_S = 30.0
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class LocalStore:
    """A store in a folder, which is made when something is first written.

    Args:
        folder: `store:` of `auditor.yaml`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = BlobFiles(folder)
        self._vault = BlobFiles(folder, VAULT)
        self._log = LogFiles(folder)
        self._index = RunIndex(folder)

    # Evidence

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.folder)

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

    def get(self, reference: BlobRef) -> bytes:
        """The bytes of a blob, proven against both digests.

        Raises:
            VerificationError: Missing or changed.
        """
        return self._blobs.get(reference)

    def stream(self, reference: BlobRef) -> Iterator[bytes]:
        """The same, piece by piece; proven when the iterator ends without raising."""
        return self._blobs.stream(reference)

    def put_disclosures(self, data: bytes) -> BlobRef:
        """Store disclosures of redacted fields, apart from the evidence, in `vault/`."""
        return self._vault.put(data)

    def get_disclosures(self, reference: BlobRef) -> bytes:
        """Disclosures, proven against both digests.

        Raises:
            VerificationError: Erased, or changed.
        """
        return self._vault.get(reference)

    # The log

    def open_log(
        self,
        *,
        key: NoteKey,
        sign: SignBytes,
        clock: Callable[[], datetime],
        timeout_s: float = LOCK_TIMEOUT_S,
    ) -> AbstractContextManager[LogWriter]:
        """Hold the log for writing: `append` is durable at once, `commit` signs a checkpoint.

        Args:
            key: Public half of the log's key (`FileKey.note_key(origin)`); its name is the origin.
            sign: Signs with the private half (`FileKey.sign`).
            clock: UTC.
            timeout_s: How long to wait for another writer, in seconds.

        Raises:
            StoreError: Another process holds the log (its pid is named), or the disk refuses.
            LedgerError, VerificationError: The log was begun with another key, or is damaged.
        """
        return open_log(self.folder, key, sign, clock, timeout_s)

    def checkpoint(self) -> SignedCheckpoint | None:
        """The checkpoint in force, its signature not checked; None where there is no log yet."""
        return self._log.checkpoint()

    def head(self, size: int) -> Checkpoint:
        """The state that the log had when it had `size` entries, from its tiles.

        Raises:
            VerificationError: The log is shorter, or a tile is missing or changed.
        """
        signed = self.checkpoint()
        if signed is None or not 0 < size <= signed.checkpoint.size:
            raise VerificationError(f"the log has no {size} entries", where="log/checkpoint")
        now = signed.checkpoint
        tree = TileTree(now.size, self._log.read)
        then = Checkpoint(now.origin, size, tree.root(size))
        verify_consistency(then.head, now.head, consistency_proof(size, now.size, tree.node))
        return then

    def prove(self, index: int) -> TlogProof:
        """The proof that an entry is under the checkpoint in force.

        Raises:
            VerificationError: There is no such entry, or a tile is missing or changed.
        """
        signed = self.checkpoint()
        if signed is None or not 0 <= index < signed.checkpoint.size:
            raise VerificationError(f"the log has no entry {index}", where="log/checkpoint")
        tree = TileTree(signed.checkpoint.size, self._log.read)
        path = inclusion_proof(index, signed.checkpoint.size, tree.node)
        return TlogProof(index, tuple(path), signed)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[Entry]:
        """Checkpointed entries from `start` to `end` (exclusive), checked against their tiles.

        Raises:
            VerificationError: A file of the log is missing or changed.
        """
        signed = self.checkpoint()
        size = signed.checkpoint.size if signed else 0
        stop = size if end is None else min(end, size)
        for entry, _data in self._log.entries(start, size):
            if entry.index >= stop:
                return
            yield entry

    # Runs

    def write_statement(self, run: str, data: bytes) -> str:
        """Keep the signed statement of a run; gives the digest for `RunEnd.statement`.

        Raises:
            StoreError: The run has another statement already.
        """
        return self._write_once(run, STATEMENT, data)

    def read_statement(self, run: str) -> bytes:
        """The bytes of a run's signed statement, not checked.

        Raises:
            VerificationError: There is none.
        """
        return b"".join(self.reader().chunks(_run_path(run, STATEMENT)))

    def write_run_file(self, run: str, name: str, data: bytes) -> tuple[str, str]:
        """Keep a report or a time-stamp beside the statement; gives path and digest for the log.

        Raises:
            StoreError: The run has another file of this name already.
        """
        return _run_path(run, name), self._write_once(run, name, data)

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """All runs, the newest first."""
        return self._index.runs(limit) if self.folder.exists() else []

    def run(self, run: str) -> RunSummary | None:
        """One run by its id, None where there is none."""
        return self._index.run(run) if self.folder.exists() else None

    def latest(self) -> RunSummary | None:
        """The newest run that came to its end, None where there is none."""
        return self._index.latest() if self.folder.exists() else None

    def history(self, run: str) -> RunHistory | None:
        """Everything that the log says of one run, None where it says nothing."""
        summary = self.run(run)
        if summary is None:
            return None
        book = RunBook()
        for entry in self.entries(summary.start_index):
            if getattr(entry.body, "run", None) == run:
                book.add(entry)
        return book.runs[run]

    def reader(self) -> FolderReader:
        """Read access for `attest.verify`."""
        return FolderReader(self.folder)

    def _write_once(self, run: str, name: str, data: bytes) -> str:
        path = _run_path(run, name)
        with store_errors(path):
            make_folders(self.folder, self.folder)
        try:
            existing = b"".join(self.reader().chunks(path))
        except VerificationError:
            write_file(self.folder, path, data)
        else:
            if existing != data:
                raise StoreError(
                    "the run has another file of this name, and evidence is never overwritten",
                    where=path,
                )
        return digest(data)


def _run_path(run: str, name: str) -> str:
    if _RUN_ID.fullmatch(run) is None:
        raise StoreError(f"got run id {run!r}, expected letters, digits, '.', '_' and '-'")
    if _FILE_NAME.fullmatch(name) is None:
        raise StoreError(f"got file name {name!r}, expected letters, digits, '.', '_' and '-'")
    return f"runs/{run}/{name}"
