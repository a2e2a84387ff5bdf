"""A verified bundle, asked as a store is asked: for rendering its reports again.

Only what rendering needs, and only of entries that step 3 has proven. The log's state at a run's
end comes from the proof of that entry: the left siblings on its path are the subtrees before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.attest.bundle import MAX_BUNDLE
from auditor.attest.evidence import Evidence
from auditor.attest.package import entry_path, proof_path
from auditor.attest.reader import StoreReader, read_bounded
from auditor.attest.steps_runs import statement_path
from auditor.errors import UsageError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.checkpoint import Checkpoint
from auditor.ledger.entries import Entry
from auditor.ledger.merkle import hash_children, hash_leaf
from auditor.ledger.runs import RunHistory
from auditor.ledger.tiles import MAX_ENTRY
from auditor.ledger.tlog_proof import MAX_PROOF, TlogProof


class PackageView:
    """The bundle of a verification whose steps were taken."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        package = evidence.package
        self._named = frozenset((*package.before, *package.runs)) if package else frozenset()

    def reader(self) -> StoreReader:
        """Read access to the members."""
        return self._evidence.reader

    def history(self, run: str) -> RunHistory | None:
        """Everything that the entries say of one run, None where they say nothing."""
        book = self._evidence.book
        return book.runs.get(run) if book else None

    def get(self, reference: BlobRef) -> bytes:
        """The bytes of a blob, proven.

        Raises:
            VerificationError: Missing or changed.
        """
        return self._evidence.read_blob(reference)

    def read_statement(self, run: str) -> bytes:
        """The bytes of a run's signed statement.

        Raises:
            UsageError: The manifest does not name that run: the steps pass over a statement of it.
            VerificationError: There is none.
        """
        if run not in self._named:
            raise UsageError(f"run {run} is not among those of the bundle, and was not verified")
        return read_bounded(self._evidence.reader, statement_path(run), MAX_BUNDLE)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[Entry]:
        """The entries that are there, from `start` to `end` (exclusive)."""
        for index in self._indexes():
            if index >= start and (end is None or index < end):
                yield Entry.parse(self._entry(index))

    def head(self, size: int) -> Checkpoint:
        """The state that the log had when it had `size` entries.

        Raises:
            UsageError: The bundle does not hold the entry that was the last one then.
        """
        now = self._evidence.checkpoint.checkpoint
        if size == now.size:
            return now
        index = size - 1
        if index not in self._indexes():
            raise UsageError(f"the bundle does not show the log of {size} entries")
        data = read_bounded(self._evidence.reader, proof_path(index), MAX_PROOF)
        root = hash_leaf(self._entry(index))
        for sibling in _left_siblings(TlogProof.parse(data), now.size):
            root = hash_children(sibling, root)
        return Checkpoint(now.origin, size, root)

    def _indexes(self) -> list[int]:
        package = self._evidence.package
        return package.indexes if package and self._evidence.book else []

    def _entry(self, index: int) -> bytes:
        return read_bounded(self._evidence.reader, entry_path(index), MAX_ENTRY)


def _left_siblings(proof: TlogProof, size: int) -> list[bytes]:
    """The siblings to the left of an entry, from the bottom up (RFC 9162, 2.1.3.2).

    They are the perfect subtrees over all entries before it; so with the entry itself they are the
    whole tree of which it was the last leaf.
    """
    found: list[bytes] = []
    at, last = proof.index, size - 1
    for sibling in proof.path:
        if at & 1 or at == last:
            found.append(sibling)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    return found
