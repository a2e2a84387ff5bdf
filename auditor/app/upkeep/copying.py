"""Moving a log to another store, and proving that it is the same there.

(1) everything is committed, (2) every file but the checkpoint is copied under its name, (3) the
checkpoint last, so that a copy that was cut off is no log yet and can be gone on with, (4) the copy
is read back: checkpoint byte for byte, all entries under its root, every blob by its digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.app.upkeep.holds import Clock, hold_all_again, read_book
from auditor.errors import UsageError, VerificationError
from auditor.ledger.chain import Chain
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.runs import RunBook
from auditor.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, TileEdge, TileName
from auditor.store.interface import Store

Progress = Callable[[str], None]
_AREAS = ("log", "blobs", "vault", "runs")
_FILE = re.compile(
    r"(?:vault/)?blobs/sha256/[0-9a-f]{2}/[0-9a-f]{62}"
    r"|runs/[A-Za-z0-9][A-Za-z0-9._-]{0,127}/[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    re.ASCII,
)
_EVERY = 500  # files between two lines of progress


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied, and proven to be the same.

    Args:
        location: Of the copy, as `store:` of `auditor.yaml` names it.
        size: Entries of the log.
        root: Root of its tree, hex.
        files: Files that the copy has.
        new: How many of them were written now.
        blobs: Blobs compared by their digests.
        absent: Blobs that neither store has, such as pruned ones.
    """

    location: str
    size: int
    root: str
    files: int
    new: int
    blobs: int
    absent: int


def copy_log(project: Project, target: Store, clock: Clock, progress: Progress) -> Copied:
    """Copy the log of a project with everything that belongs to it.

    Args:
        target: Empty, or with the beginning of such a copy in it.
        progress: Told lines for people.

    Raises:
        UsageError: There is no log to copy, or the target holds something else.
        VerificationError: A file is damaged, or the copy differs.
        StoreError: A store refuses.
    """
    source = project.store
    if source.location == target.location:
        raise UsageError(f"the log is in {source.location} already", hint="name another store")
    if source.checkpoint() is None:
        raise UsageError("there is no log to copy yet", hint="auditor scan")
    with open_log(project, clock) as log:
        signed = log.commit()
        book = read_book(source)
        before = _refuse_other(source, target)
        names = list(_names(source, signed.checkpoint.size))
        new = _copy(source, target, names, book, progress)
        if before is None or before.to_bytes() != signed.to_bytes():
            target.set_checkpoint(signed.to_bytes(), before.to_bytes() if before else None)
        hold_all_again(target, book)
        blobs, absent = _prove_same(source, target, signed, names)
    head = signed.checkpoint
    return Copied(target.location, head.size, head.root.hex(), len(names) + 1, new, blobs, absent)


def _refuse_other(source: Store, target: Store) -> SignedCheckpoint | None:
    """The checkpoint of the target, which must be an earlier one of the same log, or none."""
    there = target.checkpoint()
    if there is None:
        return None
    head = there.checkpoint
    try:
        same = source.head(head.size) == head
    except VerificationError:
        same = False
    if not same:
        raise UsageError(
            f"{target.location} holds another log, or one that has gone on: {head.origin},"
            f" {head.size} entries",
            hint="name an empty folder or prefix",
        )
    return there


def _names(source: Store, size: int) -> Iterator[str]:
    """The files that make up the log at this size; the checkpoint is written by itself."""
    for area in _AREAS:
        for path in source.reader().paths(area):
            if _is_tile_of(path, size) or _FILE.fullmatch(path):
                yield path


def _is_tile_of(path: str, size: int) -> bool:
    """True for a tile all of which is under a checkpoint of this size."""
    name = TileName.parse(path.removeprefix("log/"))
    if name is None:
        return False
    count = size if name.level < 0 else size >> (TILE_HEIGHT * name.level)
    return name.index * TILE_WIDTH + name.width <= count


def _copy(source: Store, target: Store, names: list[str], book: RunBook, progress: Progress) -> int:
    """Write what is not there yet; what is there must be the same. Gives the number written."""
    until = _retention(book)
    latest = max((time for time in until.values()), default=None)
    reader, new = source.reader(), 0
    for number, path in enumerate(names, 1):
        keep = latest if path.startswith("log/") else until.get(_owner(path))
        if target.add_file(path, reader.chunks(path), retain_until=keep):
            new += 1
        elif _digest(source, path) != _digest(target, path):
            raise UsageError(
                f"{target.location} holds another file of this name: {path}",
                hint="name an empty folder or prefix",
            )
        if number % _EVERY == 0:
            progress(f"{number} of {len(names)} files")
    return new


def _retention(book: RunBook) -> dict[str, datetime]:
    """Path of a blob, or id of a run, to the time until which it must be kept."""
    found: dict[str, datetime] = {}
    for run, history in book.runs.items():
        until = history.start.retain_until if history.start else None
        if history.start is None or until is None:
            continue
        paths = {run, history.start.policy.path, *(c.blob.path for c in history.collects)}
        paths |= {history.verdicts.blob.path} if history.verdicts else set()
        for path in paths:
            found[path] = max(until, found.get(path, until))
    return found


def _owner(path: str) -> str:
    return path.split("/")[1] if path.startswith("runs/") else path


def _prove_same(
    source: Store, target: Store, signed: SignedCheckpoint, names: list[str]
) -> tuple[int, int]:
    """Read the copy back; gives the numbers of blobs compared and of blobs that none has.

    Raises:
        VerificationError: Something differs.
    """
    there = target.checkpoint()
    if there is None or there.to_bytes() != signed.to_bytes():
        raise VerificationError("the copy has another checkpoint", where="log/checkpoint")
    chain, tree = Chain(), TileEdge()
    for entry in target.entries():
        data = entry.to_bytes()
        chain.follow(data)
        tree.append(hash_leaf(data))
    if (tree.size, tree.root()) != (signed.checkpoint.size, signed.checkpoint.root):
        raise VerificationError("the entries of the copy have another root", where="log/tile")
    return _prove_files(source, target, names)


def _prove_files(source: Store, target: Store, names: list[str]) -> tuple[int, int]:
    book, blobs, absent = read_book(target), 0, 0
    known = set(names)
    checked: set[str] = set()
    for history in book.runs.values():
        references = [collect.blob for collect in history.collects]
        references += [history.start.policy] if history.start else []
        references += [history.verdicts.blob] if history.verdicts else []
        for reference in references:
            if reference.path in checked:
                continue
            checked.add(reference.path)
            if reference.path not in known:
                absent += 1
                continue
            for _piece in target.stream(reference):
                pass
            blobs += 1
    for path in known - checked:
        if _digest(source, path) != _digest(target, path):
            raise VerificationError("the copy differs", where=path)
    return blobs, absent


def _digest(store: Store, path: str) -> str:
    seen = hashlib.sha256()
    for piece in store.reader().chunks(path):
        seen.update(piece)
    return seen.hexdigest()
