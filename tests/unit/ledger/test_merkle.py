"""Tree hashes and proofs against the reference tree of RFC 6962's authors, and by laws."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.merkle import (
    EMPTY_ROOT,
    TreeHead,
    hash_children,
    hash_leaf,
    subtree_root,
)
from auditor.ledger.proofs import (
    consistency_proof,
    inclusion_proof,
    range_root,
    verify_consistency,
    verify_inclusion,
)
from auditor.ledger.tiles import TileEdge

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, as it is written."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = naive_root(leaves[:split]), naive_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Hashes of perfect subtrees over given leaves, computed anew each time."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def node(self, height: int, index: int) -> bytes:
        return naive_root(self.leaves[index << height : (index + 1) << height])

    def head(self, size: int) -> TreeHead:
        return TreeHead(size, naive_root(self.leaves[:size]))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_of_the_reference_tree(size: int) -> None:
    edge = TileEdge()
    for leaf in LEAVES[:size]:
        edge.append(hash_leaf(leaf))
    assert edge.root().hex() == ROOTS[size]
    assert edge.size == size
    assert range_root(0, size, Tree(LEAVES).node).hex() == ROOTS[size]


@pytest.mark.parametrize(("at", "expected"), INCLUSION.items())
def test_the_inclusion_proofs_of_the_reference_tree(
    at: tuple[int, int], expected: list[str]
) -> None:
    index, size = at
    proof = inclusion_proof(index, size, Tree(LEAVES).node)
    assert [item.hex() for item in proof] == expected
    verify_inclusion(hash_leaf(LEAVES[index]), index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("sizes", "expected"), CONSISTENCY.items())
def test_the_consistency_proofs_of_the_reference_tree(
    sizes: tuple[int, int], expected: list[str]
) -> None:
    proof = consistency_proof(*sizes, Tree(LEAVES).node)
    assert [item.hex() for item in proof] == expected
    old, new = (TreeHead(size, bytes.fromhex(ROOTS[size])) for size in sizes)
    verify_consistency(old, new, proof)


@given(st.data())
def test_every_inclusion_proof_verifies_and_no_changed_one_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    tree = Tree([b"%d" % number for number in range(size)])
    index = data.draw(st.integers(0, size - 1))
    leaf, root = hash_leaf(tree.leaves[index]), tree.head(size).root
    proof = inclusion_proof(index, size, tree.node)
    verify_inclusion(leaf, index, size, proof, root)
    for changed in _changed_proofs(data, proof):
        with pytest.raises(VerificationError):
            verify_inclusion(leaf, index, size, changed, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda at: at != index or size == 1))
    if other != index:
        with pytest.raises(VerificationError):
            verify_inclusion(leaf, other, size, proof, root)
    with pytest.raises(VerificationError):
        verify_inclusion(_flip(data, leaf), index, size, proof, root)


@given(st.data())
def test_every_consistency_proof_verifies_and_no_changed_one_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    tree = Tree([b"%d" % number for number in range(size)])
    old_size = data.draw(st.integers(1, size))
    old, new = tree.head(old_size), tree.head(size)
    proof = consistency_proof(old_size, size, tree.node)
    verify_consistency(old, new, proof)
    for changed in _changed_proofs(data, proof):
        with pytest.raises(VerificationError):
            verify_consistency(old, new, changed)
    for head in (TreeHead(old_size, _flip(data, old.root)), TreeHead(old_size + 1, old.root)):
        with pytest.raises(VerificationError):
            verify_consistency(head, new, proof)
    with pytest.raises(VerificationError):
        verify_consistency(old, TreeHead(size, _flip(data, new.root)), proof)


def _flip(data: st.DataObject, item: bytes) -> bytes:
    bit = data.draw(st.integers(0, len(item) * 8 - 1))
    return bytes(byte ^ (1 << bit % 8) if at == bit // 8 else byte for at, byte in enumerate(item))


def _changed_proofs(data: st.DataObject, proof: list[bytes]) -> list[list[bytes]]:
    changed = [[*proof, bytes(32)], [*proof, b"short"]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed += [proof[:-1], proof[1:], [*proof[:at], _flip(data, proof[at]), *proof[at + 1 :]]]
    return changed


def test_an_empty_log_is_the_beginning_of_every_log() -> None:
    empty = TreeHead(0, EMPTY_ROOT)
    new = Tree(LEAVES).head(8)
    assert consistency_proof(0, 8, Tree(LEAVES).node) == []
    verify_consistency(empty, new, [])
    verify_consistency(empty, empty, [])
    with pytest.raises(VerificationError, match="another root"):
        verify_consistency(TreeHead(0, bytes(32)), new, [])


def test_a_log_that_became_shorter_is_refused() -> None:
    tree = Tree(LEAVES)
    with pytest.raises(VerificationError, match="cut off"):
        verify_consistency(tree.head(8), tree.head(3), [])


def test_two_histories_of_one_length_are_refused() -> None:
    with pytest.raises(VerificationError, match="rewritten"):
        verify_consistency(Tree(LEAVES).head(8), Tree(LEAVES[::-1]).head(8), [])


@pytest.mark.parametrize(
    ("proof", "where"),
    [([], "consistency step 0"), ([bytes(32)] * 9, "consistency step 3")],
)
def test_the_message_names_the_step_that_does_not_fit(proof: list[bytes], where: str) -> None:
    tree = Tree(LEAVES)
    with pytest.raises(VerificationError) as caught:
        verify_consistency(tree.head(6), tree.head(8), proof)
    assert caught.value.where == where


def test_a_place_outside_the_log_is_refused() -> None:
    with pytest.raises(LedgerError):
        inclusion_proof(8, 8, Tree(LEAVES).node)
    with pytest.raises(LedgerError):
        consistency_proof(9, 8, Tree(LEAVES).node)
    with pytest.raises(VerificationError):
        verify_inclusion(bytes(32), 8, 8, [], bytes(32))


@pytest.mark.parametrize("count", [0, 3, 6])
def test_a_subtree_has_a_power_of_two_of_leaves(count: int) -> None:
    with pytest.raises(LedgerError, match="power of two"):
        subtree_root([bytes(32)] * count)
    assert subtree_root([b"a" * 32, b"b" * 32]) == hash_children(b"a" * 32, b"b" * 32)
