"""What every store does alike, whatever its files are kept in: reading, proving, listing runs.

A store adds how a file is written and how the log is held for writing. The layout is the same
everywhere, so that a copy is a copy of files:

    log/checkpoint  log/tile/...  log/journal      the log (C2SP tlog-tiles)
    blobs/sha256/ab/cd...                          evidence, policies, verdicts (gzip)
    runs/<run id>/statement.sigstore.json          the signed statement, and files kept with it
    vault/blobs/...                                disclosures of redacted fields; may be erased
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator

from auditor.attest.reader import read_bounded
from auditor.core.canonical import digest
from auditor.errors import StoreError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint
from auditor.ledger.entries import Entry
from auditor.ledger.proofs import consistency_proof, inclusion_proof, verify_consistency
from auditor.ledger.runs import RunBook, RunHistory
from auditor.ledger.tiles import TileTree
from auditor.ledger.tlog_proof import TlogProof
from auditor.store.blob_reader import BlobReader
from auditor.store.index import RunIndex, RunSummary
from auditor.store.ledger_reader import CHECKPOINT, LogReader
from auditor.store.source import FileSource

STATEMENT = "statement.sigstore.json"
VAULT = "vault/"
MAX_RUN_FILE = 1 << 30
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


class BaseStore(ABC):
    """The reading half of a store, and what is written once.

    Args:
        source: The store's files.
        log: Its log.
    """

    def __init__(self, source: FileSource, log: LogReader) -> None:
        self._source = source
        self._log = log

    @abstractmethod
    def _runs(self) -> RunIndex | None:
        """The index of runs, None where nothing was ever written."""

    @abstractmethod
    def _create(self, run: str, path: str, data: bytes) -> bool:
        """Write a file of a run durably unless there is one; True when it was written."""

    def reader(self) -> FileSource:
        """Read access for `attest.verify`."""
        return self._source

    # Evidence

    def get(self, reference: BlobRef) -> bytes:
        """The bytes of a blob, proven against both digests.

        Raises:
            VerificationError: Missing or changed.
        """
        return BlobReader(self._source).get(reference)

    def stream(self, reference: BlobRef) -> Iterator[bytes]:
        """The same, piece by piece; proven when the iterator ends without raising."""
        return BlobReader(self._source).stream(reference)

    def get_disclosures(self, reference: BlobRef) -> bytes:
        """Disclosures, proven against both digests.

        Raises:
            VerificationError: Erased, or changed.
        """
        return BlobReader(self._source, VAULT).get(reference)

    # The log

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
            raise VerificationError(f"the log has no {size} entries", where=CHECKPOINT)
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
            raise VerificationError(f"the log has no entry {index}", where=CHECKPOINT)
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
        return read_bounded(self._source, run_path(run, STATEMENT), MAX_RUN_FILE)

    def write_run_file(self, run: str, name: str, data: bytes) -> tuple[str, str]:
        """Keep a report or a time-stamp beside the statement; gives path and digest for the log.

        Raises:
            StoreError: The run has another file of this name already.
        """
        return run_path(run, name), self._write_once(run, name, data)

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """All runs, the newest first."""
        index = self._runs()
        return index.runs(limit) if index else []

    def run(self, run: str) -> RunSummary | None:
        """One run by its id, None where there is none."""
        index = self._runs()
        return index.run(run) if index else None

    def is_held(self, run: str) -> bool:
        """True when a legal hold names the run."""
        index = self._runs()
        return index.is_held(run) if index else False

    def latest(self) -> RunSummary | None:
        """The newest run that came to its end, None where there is none."""
        index = self._runs()
        return index.latest() if index else None

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

    def _write_once(self, run: str, name: str, data: bytes) -> str:
        path = run_path(run, name)
        if not self._create(run, path, data):
            existing = read_bounded(self._source, path, MAX_RUN_FILE)
            if existing != data:
                raise StoreError(
                    "the run has another file of this name, and evidence is never overwritten",
                    where=path,
                )
        return digest(data)


def run_path(run: str, name: str) -> str:
    """Where a file of a run lies.

    Raises:
        StoreError: The id or the name could lead elsewhere.
    """
    if _RUN_ID.fullmatch(run) is None:
        raise StoreError(f"got run id {run!r}, expected letters, digits, '.', '_' and '-'")
    if _FILE_NAME.fullmatch(name) is None:
        raise StoreError(f"got file name {name!r}, expected letters, digits, '.', '_' and '-'")
    return f"runs/{run}/{name}"
