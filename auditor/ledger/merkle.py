"""The Merkle tree of the log: how hashes are made of entries and of other hashes.

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
    level = b"".join(hashes)
    while len(level) > HASH_SIZE:  # slices of one piece: half the objects of pairs of hashes
        pairs = range(0, len(level), 2 * HASH_SIZE)
        level = b"".join(
            [hashlib.sha256(_NODE + level[at : at + 2 * HASH_SIZE]).digest() for at in pairs]
        )
    return level


def join_peaks(peaks: Sequence[bytes]) -> bytes:
    """The root of a tree from the roots of its perfect subtrees, the largest (leftmost) first."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = hash_children(peak, node)
    return node
