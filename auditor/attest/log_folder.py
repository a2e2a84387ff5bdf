"""The files of the log as verification sees them, and which of them differ from a tree.

Part of step 3. Says what differs; which side is right, the checkpoint's root decides elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.attest.reader import StoreReader, read_bounded
from auditor.errors import VerificationError
from auditor.ledger.merkle import HASH_SIZE
from auditor.ledger.tiles import ENTRIES, MAX_BUNDLE, TILE_WIDTH, Tile, TileEdge, TileName

MAX_TILE = TILE_WIDTH * HASH_SIZE
Faults = dict[str, str]
"""Path of a file to what is wrong with it."""


def path_of(name: TileName) -> str:
    """The path in the store."""
    return f"log/{name.path}"


class LogFolder:
    """The tiles and bundles that are stored.

    Args:
        reader: The store.
        paths: All files below `log`.
        size: Entries under the checkpoint.
    """

    def __init__(self, reader: StoreReader, paths: Sequence[str], size: int) -> None:
        self.size = size
        self._reader = reader
        self._stored: dict[tuple[int, int], list[TileName]] = {}
        for path in paths:
            name = TileName.parse(path.removeprefix("log/"))
            if name is not None:
                self._stored.setdefault((name.level, name.index), []).append(name)

    def bundles(self) -> Iterator[TileName]:
        """The bundles that a log of this size has, in order."""
        for index in range(-(-self.size // TILE_WIDTH)):
            yield TileName(ENTRIES, index, min(TILE_WIDTH, self.size - index * TILE_WIDTH))

    def stored(self, name: TileName) -> list[TileName]:
        """What is stored of one tile, at all widths."""
        return self._stored.get((name.level, name.index), [])

    def read(self, name: TileName) -> bytes:
        """One file.

        Raises:
            VerificationError: Missing or too long.
        """
        limit = MAX_BUNDLE if name.level == ENTRIES else MAX_TILE
        return read_bounded(self._reader, path_of(name), limit)

    def is_outgrown(self, name: TileName) -> bool:
        """True when a partial file is gone, and the full one is there: the log has grown."""
        path, full = path_of(name), path_of(name.full)
        above = path.rpartition("/")[0], full.rpartition("/")[0]
        return (
            name != name.full
            and path not in self._reader.paths(above[0])
            and full in self._reader.paths(above[1])
        )

    def beyond(self) -> Iterator[str]:
        """Files with more in them than the checkpoint covers."""
        for names in self._stored.values():
            for name in names:
                count = self.size >> (8 * max(name.level, 0))
                if name.index * TILE_WIDTH + name.width > count:
                    yield path_of(name)


def differing_tiles(folder: LogFolder, leaves: Iterable[Sequence[bytes]]) -> tuple[bytes, Faults]:
    """Build the tree over leaf hashes and compare every stored tile with it.

    Args:
        folder: The log.
        leaves: Leaf hashes, bundle by bundle.

    Returns:
        The root, and the tiles that are missing or differ.
    """
    edge, faults = TileEdge(), Faults()
    for index, hashes in enumerate(leaves):
        _compare(folder, Tile(TileName(0, index, len(hashes)), b"".join(hashes)), faults)
        _compare_upper(folder, edge.extend(hashes), faults)
    _compare_upper(folder, edge.partial_tiles(), faults)
    return edge.root(), faults


def differing_bundles(folder: LogFolder, name: TileName, data: bytes) -> Faults:
    """Earlier, narrower bundles that are not the beginning of the bundle of today."""
    faults = Faults()
    for other in folder.stored(name):
        if other.width >= name.width:
            continue
        try:
            stored = folder.read(other)
        except VerificationError as error:
            if not folder.is_outgrown(other):
                faults[path_of(other)] = error.message
            continue
        if stored != _first_entries(data, other.width):
            faults[path_of(other)] = "holds other entries than the wider bundle"
    return faults


def _compare_upper(folder: LogFolder, tiles: Iterable[Tile], faults: Faults) -> None:
    for tile in tiles:
        if tile.name.level > 0:
            _compare(folder, tile, faults)


def _compare(folder: LogFolder, tile: Tile, faults: Faults) -> None:
    names = folder.stored(tile.name)
    if not any(name.width >= tile.name.width for name in names):
        faults[path_of(tile.name)] = "the file is missing"
    for name in names:
        try:
            stored = folder.read(name)
        except VerificationError as error:
            if not folder.is_outgrown(name):
                faults[path_of(name)] = error.message
            continue
        common = min(name.width, tile.name.width) * HASH_SIZE
        if len(stored) != name.width * HASH_SIZE or stored[:common] != tile.data[:common]:
            faults[path_of(name)] = "the hashes are not those of the tree"


def _first_entries(data: bytes, count: int) -> bytes:
    """The first entries of a bundle that is known to be whole."""
    at = 0
    for _entry in range(count):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    return data[:at]
