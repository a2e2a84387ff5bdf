"""Whether evidence that is missing was deleted as the log promised.

Deleting is right when an entry of the log listed it beforehand, and at that entry each run that
refers to it was past its retention and under no legal hold. Who deletes and who verifies both ask
here, so that nothing is deleted that a verification would then miss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from auditor.errors import LedgerError, StoreError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.retention import MAX_PRUNED_SIZE, Pruning, parse_pruned
from auditor.ledger.runs import RunBook, RunHistory

ReadBlob = Callable[[BlobRef], bytes]


class PruningRecord:
    """What the log says of deleted evidence.

    Args:
        book: The entries of the log.
        read: The bytes of a blob, proven.
    """

    def __init__(self, book: RunBook, read: ReadBlob) -> None:
        self._book = book
        self._read = read
        self._held: dict[int, frozenset[str]] = {}

    def is_listed(self, digest: str) -> bool:
        """True when some entry lists it as pruned."""
        return any(digest in digests for _pruning, digests in self._lists)

    def objection(self, digest: str) -> str:
        """Why evidence that is gone should be there; "" where it was pruned rightly."""
        objection = "the blob is missing, and no entry of the log says that it was pruned"
        for pruning, digests in self._lists:
            if digest in digests:
                objection = self._objection_to(pruning, digest)
                if not objection:
                    return ""
        return objection

    def _objection_to(self, pruning: Pruning, digest: str) -> str:
        if digest in self._kept_for_ever:
            return f"pruned by entry {pruning.index}, and it is no evidence that may be"
        for run in self._runs.get(digest, ()):
            why = self._why_kept(pruning, run)
            if why:
                return f"pruned by entry {pruning.index}, although run {run.run} {why}"
        return "" if digest in self._runs else f"pruned by entry {pruning.index}, and of no run"

    def _why_kept(self, pruning: Pruning, run: RunHistory) -> str:
        until = run.start.retain_until if run.start else None
        if run.last_collect_index > pruning.index:
            return "refers to it after that"
        if until is None:
            return "has no end of retention"
        if until > pruning.time:
            return f"was to be kept until {until}"
        if pruning.index not in self._held:
            self._held[pruning.index] = self._book.retention.held(pruning.index)
        return "was under a legal hold" if run.run in self._held[pruning.index] else ""

    @cached_property
    def _lists(self) -> list[tuple[Pruning, frozenset[str]]]:
        """The lists that can be read; one that cannot is found bad where blobs are checked."""
        found = []
        for pruning in self._book.retention.prunings:
            blob = pruning.record.blob
            if blob.size > MAX_PRUNED_SIZE:
                continue
            try:
                digests = parse_pruned(self._read(blob), pruning.record.count)
            except (VerificationError, LedgerError, StoreError):
                continue
            found.append((pruning, digests))
        return found

    @cached_property
    def _runs(self) -> dict[str, list[RunHistory]]:
        """Digest of evidence to the runs that refer to it."""
        return runs_by_evidence(self._book)

    @cached_property
    def _kept_for_ever(self) -> frozenset[str]:
        return kept_for_ever(self._book)


def runs_by_evidence(book: RunBook) -> dict[str, list[RunHistory]]:
    """Digest of evidence that was collected to the runs that refer to it."""
    found: dict[str, list[RunHistory]] = {}
    for history in book.runs.values():
        for digest in {collect.blob.digest for collect in history.collects}:
            found.setdefault(digest, []).append(history)
    return found


def kept_for_ever(book: RunBook) -> frozenset[str]:
    """Digests of what is never pruned: policies, verdicts, lists of the pruned, other people's."""
    found = {pruning.record.blob.digest for pruning in book.retention.prunings}
    found |= book.retention.others
    for history in book.runs.values():
        found |= {history.start.policy.digest} if history.start else set()
        found |= {history.verdicts.blob.digest} if history.verdicts else set()
    return frozenset(found)
