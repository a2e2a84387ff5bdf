"""The store port: what the program needs of an evidence store, whatever it is kept in.

Standard of the layout: `store.local` describes it; every store has the same files under the same
names, so that a copy is a copy of files. Times are UTC; digests `sha256:<hex>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint
from auditor.ledger.entries import Entry, LogBody
from auditor.ledger.note import NoteKey, NoteSignature, SignBytes
from auditor.ledger.runs import RunHistory
from auditor.ledger.tlog_proof import TlogProof
from auditor.store.index import RunSummary
from auditor.store.ledger_writer import Recovery
from auditor.store.source import FileSource

Clock = Callable[[], datetime]


class LogAppender(Protocol):
    """A log that is held for writing; made by `Store.open_log`."""

    @property
    def size(self) -> int:
        """Entries so far: the index of the next one."""
        ...

    @property
    def checkpoint(self) -> SignedCheckpoint | None:
        """The last checkpoint; None before the first commit of a log."""
        ...

    @property
    def recovery(self) -> Recovery:
        """What opening the log found of a writer that died."""
        ...

    def append(self, body: LogBody) -> int:
        """Add an entry, durable when this returns; gives its index."""
        ...

    def append_all(self, bodies: Iterable[LogBody]) -> range:
        """Add entries, durable all together when this returns; gives their indexes."""
        ...

    def commit(self) -> SignedCheckpoint:
        """Write the tiles of all entries, sign, write the checkpoint."""
        ...

    def cosign(self, signatures: Sequence[NoteSignature]) -> SignedCheckpoint:
        """Put cosignatures to the checkpoint in force; its text stays what it is."""
        ...


class Store(Protocol):
    """An evidence store."""

    @property
    def location(self) -> str:
        """As `store:` of auditor.yaml could name it: a folder, or `s3://bucket/prefix`."""
        ...

    # Evidence

    def put(self, data: bytes, *, retain_until: datetime | None = None) -> BlobRef:
        """Store bytes under their digest; durable, and locked where the store can lock."""
        ...

    def put_stream(
        self, pieces: Iterable[bytes], *, retain_until: datetime | None = None
    ) -> BlobRef:
        """Store bytes that come in pieces, without holding them in memory."""
        ...

    def get(self, reference: BlobRef) -> bytes:
        """The bytes of a blob, proven against both digests."""
        ...

    def stream(self, reference: BlobRef) -> Iterator[bytes]:
        """The same, piece by piece; proven when the iterator ends without raising."""
        ...

    def put_disclosures(self, data: bytes) -> BlobRef:
        """Store disclosures of redacted fields, apart from the evidence and never locked."""
        ...

    def get_disclosures(self, reference: BlobRef) -> bytes:
        """Disclosures, proven; VerificationError where they were erased or changed."""
        ...

    def erase_disclosures(self, reference: BlobRef, keep: bytes) -> None:
        """Replace the disclosures of a file of the vault by some of them; none removes the file."""
        ...

    def erase(self, reference: BlobRef, *, before: datetime) -> bool:
        """Delete a blob past its retention; False where a lock or a later use keeps it.

        Args:
            before: It stays when it was stored, or stored again, since.
        """
        ...

    def hold(self, paths: Iterable[str]) -> None:
        """Put files under legal hold, where the store can; what is missing is left."""
        ...

    def release(self, paths: Iterable[str]) -> None:
        """End the legal hold on files, where the store can; their retention stays."""
        ...

    def add_file(
        self, path: str, pieces: Iterable[bytes], *, retain_until: datetime | None = None
    ) -> bool:
        """Keep a file of another store under the same path; False when there is one already."""
        ...

    def set_checkpoint(self, data: bytes, before: bytes | None) -> None:
        """Put a checkpoint over the one before, byte for byte; for a copy, never for a log."""
        ...

    # The log

    def open_log(
        self,
        *,
        key: NoteKey,
        sign: SignBytes,
        clock: Clock,
        timeout_s: float = 30.0,
        previous: tuple[NoteKey, SignBytes] | None = None,
    ) -> AbstractContextManager[LogAppender]:
        """Hold the log for writing; `previous` signs until the log has the rotation to `key`."""
        ...

    def checkpoint(self) -> SignedCheckpoint | None:
        """The checkpoint in force, its signature not checked; None where there is no log yet."""
        ...

    def head(self, size: int) -> Checkpoint:
        """The state that the log had when it had `size` entries."""
        ...

    def prove(self, index: int) -> TlogProof:
        """The proof that an entry is under the checkpoint in force."""
        ...

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[Entry]:
        """Checkpointed entries from `start` to `end` (exclusive)."""
        ...

    # Runs

    def write_statement(self, run: str, data: bytes) -> str:
        """Keep the signed statement of a run; gives its digest."""
        ...

    def read_statement(self, run: str) -> bytes:
        """The bytes of a run's signed statement, not checked."""
        ...

    def write_run_file(self, run: str, name: str, data: bytes) -> tuple[str, str]:
        """Keep a file beside the statement; gives its path and digest."""
        ...

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """All runs, the newest first."""
        ...

    def run(self, run: str) -> RunSummary | None:
        """One run by its id, None where there is none."""
        ...

    def is_held(self, run: str) -> bool:
        """True when a legal hold names the run."""
        ...

    def latest(self) -> RunSummary | None:
        """The newest run that came to its end, None where there is none."""
        ...

    def history(self, run: str) -> RunHistory | None:
        """Everything that the log says of one run, None where it says nothing."""
        ...

    def reader(self) -> FileSource:
        """Read access for verification."""
        ...
