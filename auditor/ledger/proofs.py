"""Inclusion and consistency proofs: how they are made, and how a stranger checks them.

Making them needs the hashes of perfect subtrees, given by a function; checking needs nothing but
the proof. Standard: RFC 9162 sections 2.1.3 and 2.1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.merkle import EMPTY_ROOT, HASH_SIZE, TreeHead, hash_children

NodeReader = Callable[[int, int], bytes]
"""(height, index) -> hash of the index-th perfect subtree of 2**height leaves."""


def range_root(start: int, end: int, node: NodeReader) -> bytes:
    """The root over the leaves `start` to `end` (exclusive), as RFC 9162 2.1.1 defines it.

    `start` must be a multiple of the largest power of two below the count, as it always is for
    the ranges that proofs need.
    """
    count = end - start
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return node(height, start >> height)
    split = start + _split(count)
    return hash_children(range_root(start, split, node), range_root(split, end, node))


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """The siblings of leaf `index` in a tree of `size` leaves, from the bottom up (2.1.3.1)."""
    if not 0 <= index < size:
        raise LedgerError(f"entry {index} is not in a log of {size} entries")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            proof.append(range_root(split, end, node))
            end = split
        else:
            proof.append(range_root(start, split, node))
            start = split
    return proof[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """The proof that the tree of `old` leaves is a prefix of that of `new` leaves (2.1.4.1)."""
    if not 0 <= old <= new:
        raise LedgerError(f"a log of {new} entries has no earlier state of {old} entries")
    proof: list[bytes] = []
    if old in (0, new):
        return proof
    start, end, whole = 0, new, True
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            proof.append(range_root(split, end, node))
            end = split
        else:
            proof.append(range_root(start, split, node))
            start, whole = split, False
    if not whole:
        proof.append(range_root(start, end, node))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that an entry is at `index` in the log (RFC 9162, 2.1.3.2).

    Args:
        leaf: Leaf hash of the entry, 32 bytes.
        index: Place of the entry, from 0.
        size: Leaves of the tree that `root` belongs to.
        proof: Sibling hashes from the bottom up, 32 bytes each.
        root: Root that is trusted, 32 bytes.

    Raises:
        VerificationError: The proof does not lead to the root; `.where` names the step.
    """
    if not 0 <= index < size:
        raise VerificationError(f"index {index} in a log of {size} entries", where="inclusion")
    _check_hashes(proof, "inclusion")
    at, last, node = index, size - 1, leaf
    for step, sibling in enumerate(proof):
        if last == 0:
            raise VerificationError("the proof is too long", where=f"inclusion step {step}")
        if at & 1 or at == last:
            node = hash_children(sibling, node)
            at, last = _up_to_right_child(at, last)
        else:
            node = hash_children(node, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise VerificationError("the proof is too short", where=f"inclusion step {len(proof)}")
    if node != root:
        raise VerificationError("the proof leads to another root", where="inclusion root")


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Check that the log `new` only appends to the log `old` (RFC 9162, 2.1.4.2).

    Args:
        old: Tree head saved earlier; `size` in leaves, `root` 32 bytes.
        new: Tree head of today.
        proof: Hashes as `consistency_proof` gives them; empty if the sizes are equal.

    Raises:
        VerificationError: History was rewritten or cut, or the proof does not fit; `.where` names
            the step.
    """
    _check_hashes(proof, "consistency")
    if old.size > new.size:
        raise VerificationError(
            f"the log has {new.size} entries and had {old.size} before: its end was cut off",
            where="consistency",
        )
    if old.size in (0, new.size):
        _check_trivial(old, new, proof)
        return
    _check_growth(old, new, proof)


def _check_trivial(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    if proof:
        raise VerificationError("got a proof where none is needed", where="consistency step 0")
    if old.size == new.size and old.root != new.root:
        raise VerificationError(
            f"two different logs of {old.size} entries: history was rewritten", where="consistency"
        )
    if old.size == 0 and old.root != EMPTY_ROOT:
        raise VerificationError("the old log is empty with another root", where="consistency")


def _check_growth(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    path = list(proof)
    if old.size & (old.size - 1) == 0:
        path.insert(0, old.root)
    if not path:
        raise VerificationError("the proof is empty", where="consistency step 0")
    at, last = _drop_right_children(old.size - 1, new.size - 1)
    old_node = new_node = path[0]
    for step, sibling in enumerate(path[1:], start=1):
        if last == 0:
            raise VerificationError("the proof is too long", where=f"consistency step {step}")
        if at & 1 or at == last:
            old_node = hash_children(sibling, old_node)
            new_node = hash_children(sibling, new_node)
            at, last = _up_to_right_child(at, last)
        else:
            new_node = hash_children(new_node, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise VerificationError("the proof is too short", where=f"consistency step {len(path)}")
    if old_node != old.root:
        raise VerificationError("the proof leads to another old root", where="consistency old root")
    if new_node != new.root:
        raise VerificationError("the proof leads to another new root", where="consistency new root")


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _up_to_right_child(at: int, last: int) -> tuple[int, int]:
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _drop_right_children(at: int, last: int) -> tuple[int, int]:
    while at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _check_hashes(proof: Sequence[bytes], what: str) -> None:
    for step, item in enumerate(proof):
        if len(item) != HASH_SIZE:
            raise VerificationError(f"hash of {len(item)} bytes", where=f"{what} step {step}")
