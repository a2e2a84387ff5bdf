"""Opening the log of a project for writing, unless it lacks what this folder has signed before.

Whoever can write the store and has no key could put an older copy back: the next writer would go on
from there and sign a second history. So the last signed checkpoint is kept outside the store, in
the trust folder, and a log that does not continue it is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from auditor.app.project import LAST_CHECKPOINT, Project
from auditor.errors import LedgerError, VerificationError
from auditor.keys.opened import OpenKey
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.store.interface import LogAppender, Store


@contextmanager
def open_log(
    project: Project,
    clock: Callable[[], datetime],
    *,
    key: OpenKey | None = None,
    replaced: OpenKey | None = None,
) -> Iterator[LogAppender]:
    """Hold the log for writing.

    Args:
        clock: UTC.
        key: The log's key where the caller has opened it already.
        replaced: The key before it, for the rotation to `key`.

    Raises:
        StoreError: Another process holds the log, or the store refuses.
        LedgerError: The log is not the one that was written before, or not by this key.
        VerificationError: What is stored does not hold together.
    """
    signer = key or project.log_key()
    previous = None
    if replaced is not None:
        previous = replaced.note_key(project.origin), replaced.sign
    place = project.trust_folder / LAST_CHECKPOINT
    with project.store.open_log(
        key=signer.note_key(project.origin), sign=signer.sign, clock=clock, previous=previous
    ) as log:
        _check_continues(project.store, log.checkpoint, place)
        before = log.checkpoint
        try:
            yield log
        finally:
            if log.checkpoint is not None and log.checkpoint != before:
                _remember(place, log.checkpoint)


def _check_continues(store: Store, now: SignedCheckpoint | None, place: Path) -> None:
    """The log begins with what was signed last from here.

    Raises:
        LedgerError: It is shorter, or another.
    """
    if not place.is_file():
        return
    try:
        last = SignedCheckpoint.parse(place.read_bytes()).checkpoint
    except VerificationError as error:
        raise VerificationError(error.message, where=str(place)) from error
    size = now.checkpoint.size if now else 0
    if size < last.size:
        problem = f"the log has {size} entries, and {last.size} were signed from here"
    elif store.head(last.size) != last:
        problem = f"the first {last.size} entries are others than those that were signed from here"
    else:
        return
    raise LedgerError(
        f"{problem}: an older or another copy of the store was put in its place",
        hint="restore the store; going on would make two histories. Where a new log is really"
        f" meant, remove {place}",
        where="log/checkpoint",
    )


def _remember(place: Path, signed: SignedCheckpoint) -> None:
    """Keep the head; whole or not at all.

    What was committed stays committed where it cannot be kept (a read-only folder): an older memory
    finds less, and is never wrong.
    """
    beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        try:
            beside.write_bytes(signed.to_bytes())
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
