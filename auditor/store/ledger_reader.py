"""Reads the log's files of a store: checkpoint, entries, tiles.

Checks the form of what it reads, and the leaf hashes of entries against their tile; signatures and
the root are the writer's and the verification's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.attest.reader import read_bounded
from auditor.errors import VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import Entry
from auditor.ledger.merkle import HASH_SIZE
from auditor.ledger.note import MAX_NOTE
from auditor.ledger.tiles import (
    ENTRIES,
    MAX_BUNDLE,
    TILE_WIDTH,
    TileName,
    leaf_hashes,
    parse_bundle,
    parse_tile,
)
from auditor.store.reader import FolderReader
from auditor.store.source import FileSource

CHECKPOINT = "log/checkpoint"


class LogReader:
    """The files below `log/` of a store.

    Args:
        source: The store's files.
    """

    def __init__(self, source: FileSource) -> None:
        self._source = source

    def read(self, path: str, limit: int = MAX_BUNDLE) -> bytes:
        """One file of the log; of a tile of hashes that has become full since, the part asked for.

        Raises:
            VerificationError: It is missing, or longer than `limit` bytes.
            StoreError: It is there and cannot be read.
        """
        name = TileName.parse(path)
        if name is None or name.level == ENTRIES or name == name.full:
            return read_bounded(self._source, f"log/{path}", limit)
        found, data = self._present(name)
        return data if found == name else data[: name.width * HASH_SIZE]

    def checkpoint(self) -> SignedCheckpoint | None:
        """The checkpoint, its signature not checked; None where there is no log yet."""
        if not self._source.exists(CHECKPOINT):
            return None
        try:
            return SignedCheckpoint.parse(self.read("checkpoint", MAX_NOTE))
        except VerificationError as error:
            raise VerificationError(error.message, where=CHECKPOINT) from error

    def bundle(self, index: int, size: int) -> list[bytes]:
        """The bytes of the entries of one bundle of a log of `size` entries.

        Raises:
            VerificationError: Damaged, or not what the tile of hashes says.
        """
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        name, stored = self._present(TileName(ENTRIES, index, width))
        hashes, tile = self._present(TileName(0, index, width))
        try:
            entries = parse_bundle(stored, name.width)[:width]
            leaves = parse_tile(tile, hashes.width)[:width]
        except VerificationError as error:
            where = error.where or f"log/{name.path}"
            raise VerificationError(error.message, where=where) from error
        if leaf_hashes(entries) != leaves:
            raise VerificationError(
                "the entries do not have the hashes that their tile has", where=f"log/{name.path}"
            )
        return entries

    def entries(self, start: int, size: int) -> Iterator[tuple[Entry, bytes]]:
        """The entries from index `start` of a log of `size` entries, with their bytes."""
        for index in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
            first = index * TILE_WIDTH
            for data in self.bundle(index, size)[max(0, start - first) :]:
                yield Entry.parse(data), data

    def _present(self, name: TileName) -> tuple[TileName, bytes]:
        """The full tile where it has replaced the partial one since the checkpoint was read."""
        try:
            return name, read_bounded(self._source, f"log/{name.path}", MAX_BUNDLE)
        except VerificationError:
            replaced = not self._source.exists(f"log/{name.path}")
            if not replaced or not self._source.exists(f"log/{name.full.path}"):
                raise
        return name.full, read_bounded(self._source, f"log/{name.full.path}", MAX_BUNDLE)

    def bundle_beyond(self, size: int) -> str | None:
        """A bundle holding entries past the first `size`, if a file of one is there."""
        index, width = divmod(size, TILE_WIDTH)
        full = TileName(ENTRIES, index).path
        if self._source.exists(f"log/{full}"):
            return full
        prefix = f"log/{full}.p/"
        wider = [path.removeprefix(prefix) for path in self._source.paths(f"log/{full}.p")]
        found = (name for name in wider if name.isdecimal() and int(name) > width)
        return next((f"{full}.p/{name}" for name in found), None)


class LogFiles(LogReader):
    """The folder `log` of a store in a folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(FolderReader(root))
        self._log = root / "log"

    def remove_partials(self, name: TileName) -> None:
        """Remove the partial tiles that a full tile replaces."""
        folder = self._log / f"{name.full.path}.p"
        for path in folder.glob("*"):
            path.unlink(missing_ok=True)
        if folder.exists():
            folder.rmdir()
