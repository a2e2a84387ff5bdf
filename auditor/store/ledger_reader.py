"""Reads the log's files in a folder: checkpoint, entries, tiles.

Checks the form of what it reads, and the leaf hashes of entries against their tile; signatures and
the root are the writer's and the verification's matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import VerificationError
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import Entry
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
from auditor.store.files import store_errors


class LogFiles:
    """The folder `log` of a store."""

    def __init__(self, root: Path) -> None:
        self._log = root / "log"

    def read(self, path: str, limit: int = MAX_BUNDLE) -> bytes:
        """One file of the log.

        Raises:
            VerificationError: It is missing, or longer than `limit` bytes.
            StoreError: It is there and cannot be read.
        """
        with store_errors(f"log/{path}"):
            try:
                with (self._log / path).open("rb") as file:
                    data = file.read(limit + 1)
            except FileNotFoundError as error:
                raise VerificationError("the file is missing", where=f"log/{path}") from error
        if len(data) > limit:
            raise VerificationError(f"longer than {limit} bytes", where=f"log/{path}")
        return data

    def checkpoint(self) -> SignedCheckpoint | None:
        """The checkpoint, its signature not checked; None where there is no log yet."""
        if not (self._log / "checkpoint").exists():
            return None
        try:
            return SignedCheckpoint.parse(self.read("checkpoint", MAX_NOTE))
        except VerificationError as error:
            raise VerificationError(error.message, where="log/checkpoint") from error

    def bundle(self, index: int, size: int) -> list[bytes]:
        """The bytes of the entries of one bundle of a log of `size` entries.

        Raises:
            VerificationError: Damaged, or not what the tile of hashes says.
        """
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        name = self._present(TileName(ENTRIES, index, width))
        hashes = self._present(TileName(0, index, width))
        try:
            entries = parse_bundle(self.read(name.path), name.width)[:width]
            leaves = parse_tile(self.read(hashes.path), hashes.width)[:width]
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

    def _present(self, name: TileName) -> TileName:
        """The full tile where it has replaced the partial one since the checkpoint was read."""
        replaced = not (self._log / name.path).exists() and (self._log / name.full.path).exists()
        return name.full if replaced else name

    def bundle_beyond(self, size: int) -> str | None:
        """A bundle holding entries past the first `size`, if a file of one is there."""
        index, width = divmod(size, TILE_WIDTH)
        full = TileName(ENTRIES, index).path
        if (self._log / full).exists():
            return full
        folder = self._log / f"{full}.p"
        wider = [path.name for path in folder.glob("*") if path.name.isdecimal()]
        return next((f"{full}.p/{name}" for name in wider if int(name) > width), None)

    def remove_partials(self, name: TileName) -> None:
        """Remove the partial tiles that a full tile replaces."""
        folder = self._log / f"{name.full.path}.p"
        for path in folder.glob("*"):
            path.unlink(missing_ok=True)
        if folder.exists():
            folder.rmdir()
