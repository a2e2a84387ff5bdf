"""Deleting evidence whose retention is over, so that a verification knows that it was right.

(1) find what only runs past their retention, under no hold, refer to, (2) an entry of the log that
lists it, committed, (3) delete what the log, read again, allows. Digests, statements, reports,
policies and verdicts stay: what was judged, by what and with what result can be told for ever;
what was seen cannot. Whatever ends this between (2) and (3), the next time completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.app.upkeep.holds import Clock, hold_all_again, read_book
from auditor.attest.pruning import PruningRecord, kept_for_ever, runs_by_evidence
from auditor.attest.vault import vault_path
from auditor.errors import UsageError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import PruneRecord
from auditor.ledger.retention import MAX_PRUNED, pruned_list
from auditor.ledger.runs import RunBook
from auditor.store.interface import Store

GRACE = timedelta(days=1)
"""What was stored later than this before is left: a run may be about to refer to it."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning did, or would do.

    Args:
        runs: Runs whose evidence is past its retention and under no hold, all of it or in part.
        blobs: Evidence that only they refer to and that is there.
        size: Bytes of it, as stored.
        deleted: How many of the blobs are gone now.
        kept: How many a lock or a later use keeps.
        disclosures: Files of the vault that were erased, or would be.
    """

    runs: tuple[str, ...]
    blobs: int
    size: int
    deleted: int = 0
    kept: int = 0
    disclosures: int = 0


def prune(
    project: Project,
    *,
    now: datetime,
    clock: Clock,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _line: None,
) -> Pruned:
    """Delete evidence that need not be kept at `now`.

    Args:
        now: Not later than the clock: nothing is deleted before its time.
        dry_run: Only say what would be done.
        progress: Told a line for people.

    Raises:
        UsageError: `now` lies in the future.
        VerificationError: The log is damaged.
        StoreError: The store refuses.
    """
    if now > clock():
        raise UsageError(
            f"--now {now.isoformat()} is in the future: evidence is not deleted before its time"
        )
    store = project.store
    book = read_book(store)
    candidates = _candidates(store, book, now)
    vault = _disclosures(store, book, now)
    runs = tuple(sorted(_over(book, now)))
    size = sum(reference.stored.size for reference in candidates)
    if dry_run:
        return Pruned(runs, len(candidates), size, disclosures=len(vault))
    hold_all_again(store, book)
    record = PruningRecord(book, store.get)
    new = [item for item in candidates if record.objection(item.digest)]
    _announce(project, new, now, clock)
    # Others may have written meanwhile: the log as it is now decides, as a verification will.
    book = read_book(store)
    record = PruningRecord(book, store.get)
    over = set(map(vault_path, _disclosures(store, book, now)))
    deleted = kept = 0
    for reference in _candidates(store, book, now):
        if not record.objection(reference.digest):
            gone = store.erase(reference, before=now - GRACE)
            deleted, kept = deleted + gone, kept + (not gone)
    for reference in vault:
        if vault_path(reference) in over:
            store.erase_disclosures(reference, b"")
    progress(f"{deleted} blobs deleted, {kept} kept by a lock or a later use")
    return Pruned(runs, len(candidates), size, deleted, kept, len(over))


def _announce(project: Project, new: Sequence[BlobRef], now: datetime, clock: Clock) -> None:
    """Say in the log what is about to be deleted; the lists are kept for ever."""
    for at in range(0, len(new), MAX_PRUNED):
        digests = [reference.digest for reference in new[at : at + MAX_PRUNED]]
        blob = project.store.put(pruned_list(digests))
        with open_log(project, clock) as log:
            log.append(PruneRecord(before=now, count=len(digests), blob=blob))
            log.commit()


def _over(book: RunBook, now: datetime) -> frozenset[str]:
    """The runs past their retention and under no hold."""
    held = book.retention.held()
    return frozenset(
        run
        for run, history in book.runs.items()
        if history.start is not None
        and history.start.retain_until is not None
        and history.start.retain_until <= now
        and run not in held
    )


def _candidates(store: Store, book: RunBook, now: datetime) -> list[BlobRef]:
    """Evidence that is there and that only runs past their retention refer to."""
    stay = kept_for_ever(book)
    present = set(store.reader().paths("blobs"))
    over = _over(book, now)
    references = {c.blob.digest: c.blob for run in over for c in book.runs[run].collects}
    users = runs_by_evidence(book)
    return [
        references[digest]
        for digest in sorted(references)
        if digest not in stay
        and references[digest].path in present
        and all(history.run in over for history in users[digest])
    ]


def _disclosures(store: Store, book: RunBook, now: datetime) -> list[BlobRef]:
    """Files of the vault that only runs past their retention refer to."""
    present = set(store.reader().paths("vault"))
    over = _over(book, now)
    found: dict[str, BlobRef] = {}
    needed: set[str] = set()
    for run, history in book.runs.items():
        for reference in (c.disclosures for c in history.collects if c.disclosures):
            if run in over:
                found[vault_path(reference)] = reference
            else:
                needed.add(vault_path(reference))
    return [found[path] for path in sorted(found) if path in present and path not in needed]
