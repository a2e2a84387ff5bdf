"""The log as static files: tiles of hashes and bundles of entries.

A tile holds up to 256 hashes of one level; the hashes of level L+1 are the roots of full tiles of
level L. Says which files an append writes and what is in them; `store` writes them. Standard:
C2SP tlog-tiles (https://c2sp.org/tlog-tiles), exactly, so that any client of it can read the log.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.merkle import HASH_SIZE, hash_leaf, join_peaks, subtree_root
from auditor.ledger.proofs import range_root

TILE_WIDTH = 256
TILE_HEIGHT = 8
MAX_ENTRY = 65_535
MAX_BUNDLE = TILE_WIDTH * (MAX_ENTRY + 2)
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)
FetchFile = Callable[[str], bytes]
"""Path within the log -> the file's bytes; raises an AuditorError where there is none."""


@dataclass(frozen=True, slots=True)
class TileName:
    """Where a tile stands.

    Args:
        level: 0 for leaf hashes and up; -1 for a bundle of entries.
        index: Place within the level, from 0.
        width: Hashes or entries in it, 1 to 256.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """`tile/0/x001/067.p/5`."""
        level = "entries" if self.level < 0 else str(self.level)
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{suffix}"

    @property
    def full(self) -> TileName:
        """The same tile at full width."""
        return TileName(self.level, self.index)

    @classmethod
    def parse(cls, path: str) -> TileName | None:
        """The name that a path spells, None where it spells none."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        level = -1 if match[1] == "entries" else int(match[1])
        index = int(match[2].replace("x", "").replace("/", "") + match[3])
        name = cls(level, index, int(match[4]) if match[4] else TILE_WIDTH)
        # One tile has one path: x000/001 and .p/256 spell tiles that have another.
        return name if name.path == path else None


@dataclass(frozen=True, slots=True)
class Tile:
    """A file of the log."""

    name: TileName
    data: bytes


ENTRIES = -1
"""`TileName.level` of a bundle of entries."""


def tiles_of(size: int) -> list[TileName]:
    """The rightmost tile of each level of a log of `size` entries, bundle first."""
    if size == 0:
        return []
    names = [_rightmost(ENTRIES, size)]
    level = 0
    while size > 0:
        names.append(_rightmost(level, size))
        size >>= TILE_HEIGHT
        level += 1
    return names


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The entries, each after its length in two bytes, big-endian.

    Raises:
        LedgerError: An entry is longer than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise LedgerError(f"entry of {len(entry)} bytes, expected at most {MAX_ENTRY}")
        parts += (struct.pack(">H", len(entry)), entry)
    return b"".join(parts)


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        VerificationError: Cut off, too long, or not exactly `width` entries.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + 2
        end = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or end > len(data):
            raise VerificationError(f"entry {len(entries)} of the bundle is cut off")
        if len(entries) == width:  # 16 MB may hold eight million empty ones
            raise VerificationError(f"more than {width} entries in the bundle")
        entries.append(data[start:end])
        at = end
    if len(entries) != width:
        raise VerificationError(f"got {len(entries)} entries in the bundle, expected {width}")
    return entries


def parse_tile(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile.

    Raises:
        VerificationError: Not exactly `width` hashes of 32 bytes.
    """
    if len(data) != width * HASH_SIZE:
        raise VerificationError(f"tile of {len(data)} bytes, expected {width * HASH_SIZE}")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


class TileEdge:
    """The right edge of a growing log: the last, unfinished tile of each level.

    Memory is bounded: 256 hashes a level.
    """

    def __init__(self) -> None:
        self._size = 0
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._size

    def root(self) -> bytes:
        """The root of the log so far."""
        peaks: list[bytes] = []
        for hashes in reversed(self._levels):
            peaks += _peaks(hashes)
        return join_peaks(peaks)

    def append(self, leaf: bytes) -> list[Tile]:
        """Add a leaf hash; gives the tiles that became full by it, lowest level first."""
        return self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; gives the tiles that became full by them, in that order."""
        finished: list[Tile] = []
        at = 0
        while at < len(leaves):
            some = leaves[at : at + TILE_WIDTH - len(self._levels[0])]
            self._levels[0] += some
            self._size += len(some)
            at += len(some)
            if len(self._levels[0]) == TILE_WIDTH:
                finished += self._finish()
        return finished

    def _finish(self) -> list[Tile]:
        """Empty the full tiles of the edge, each into a hash of the level above."""
        finished: list[Tile] = []
        index = self._size - 1
        while len(hashes := self._levels[len(finished)]) == TILE_WIDTH:
            index >>= TILE_HEIGHT
            finished.append(Tile(TileName(len(finished), index), b"".join(hashes)))
            node = subtree_root(hashes)
            hashes.clear()
            if len(finished) == len(self._levels):
                self._levels.append([])
            self._levels[len(finished)].append(node)
        return finished

    def partial_tiles(self) -> list[Tile]:
        """The unfinished tiles that a checkpoint at this size needs, lowest level first."""
        return [
            Tile(_rightmost(level, self.size >> (TILE_HEIGHT * level)), b"".join(hashes))
            for level, hashes in enumerate(self._levels)
            if hashes
        ]

    @classmethod
    def load(cls, size: int, fetch: FetchFile) -> TileEdge:
        """The edge of a stored log of `size` entries, read from its rightmost tiles."""
        edge = cls()
        levels: list[list[bytes]] = []
        count = size
        while count:
            width = count % TILE_WIDTH
            levels.append(_hashes(TileName(len(levels), count >> TILE_HEIGHT, width), fetch))
            count >>= TILE_HEIGHT
        edge._levels = levels or [[]]
        edge._size = size
        return edge


class TileTree:
    """Hashes of a stored log, for proofs.

    Args:
        size: Leaves of the checkpoint that the tiles are read for.
        fetch: Reads a file of the log.
    """

    def __init__(self, size: int, fetch: FetchFile) -> None:
        self._size = size
        self._fetch = fetch

    def node(self, height: int, index: int) -> bytes:
        """The root of the index-th perfect subtree of 2**height leaves."""
        level, rest = divmod(height, TILE_HEIGHT)
        first = index << rest
        tile, offset = divmod(first, TILE_WIDTH)
        width = min(TILE_WIDTH, (self._size >> (TILE_HEIGHT * level)) - tile * TILE_WIDTH)
        count = 1 << rest
        if offset + count > width:
            raise LedgerError(f"no subtree {index} of height {height} in {self._size} entries")
        hashes = _hashes(TileName(level, tile, width), self._fetch)
        return subtree_root(hashes[offset : offset + count])

    def root(self, size: int | None = None) -> bytes:
        """The root of the log, or of its first `size` entries."""
        return range_root(0, self._size if size is None else size, self.node)


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """The level-0 hashes of entries."""
    return [hash_leaf(entry) for entry in entries]


def _hashes(name: TileName, fetch: FetchFile) -> list[bytes]:
    return parse_tile(fetch(name.path), name.width) if name.width else []


def _peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees of an unfinished tile, from the left."""
    peaks: list[bytes] = []
    at = 0
    for bit in range(TILE_HEIGHT - 1, -1, -1):
        count = len(hashes) & (1 << bit)
        if count:
            peaks.append(subtree_root(hashes[at : at + count]))
            at += count
    return peaks


def _rightmost(level: int, count: int) -> TileName:
    return TileName(level, (count - 1) >> TILE_HEIGHT, (count - 1) % TILE_WIDTH + 1)


def _index_path(index: int) -> str:
    higher, lowest = divmod(index, 1000)
    path = f"{lowest:03d}"
    while higher:
        higher, part = divmod(higher, 1000)
        path = f"x{part:03d}/{path}"
    return path
