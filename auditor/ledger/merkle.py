"""The Merkle tree of the log: hashes and the incremental right edge.

Leaves it to others to store hashes (`tiles`) and to prove things about them (`proofs`).
Standard: RFC 6962 section 2.1, the same as RFC 9162 section 2.1, with SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.errors import LedgerError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF = b"\x00"
_NODE = b"\x01"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The state of a log: `size` in leaves, `root` 32 bytes."""

    size: int
    root: bytes


def hash_leaf(data: bytes) -> bytes:
    """The hash of an entry; the prefix keeps it apart from every inner node."""
    return hashlib.sha256(_LEAF + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(_NODE + left + right).digest()


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes of one height."""
    count = len(hashes)
    if count == 0 or count & (count - 1):
        raise LedgerError(f"got {count} hashes, expected a power of two")
    level = list(hashes)
    while len(level) > 1:
        level = [hash_children(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class Frontier:
    """The right edge of a growing tree: one hash per set bit of its size, the largest first.

    Args:
        size: Leaves so far.
        peaks: Roots of the perfect subtrees, from the left; as many as `size` has bits set.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or size.bit_count() != len(peaks):
            raise LedgerError(f"a tree of {size} leaves cannot have {len(peaks)} peaks")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the perfect subtrees, from the left."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next entry."""
        node = leaf
        carry = self._size
        while carry & 1:
            node = hash_children(self._peaks.pop(), node)
            carry >>= 1
        self._peaks.append(node)
        self._size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = hash_children(peak, node)
        return node

    def head(self) -> TreeHead:
        """Size and root together."""
        return TreeHead(self._size, self.root())
