"""Tiles and bundles as C2SP tlog-tiles lays them out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import LedgerError, VerificationError
from auditor.ledger.merkle import EMPTY_ROOT, TreeHead, hash_leaf
from auditor.ledger.proofs import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from auditor.ledger.tiles import (
    ENTRIES,
    MAX_BUNDLE,
    TileEdge,
    TileName,
    TileTree,
    encode_bundle,
    leaf_hashes,
    parse_bundle,
    parse_tile,
    tiles_of,
)
from tests.unit.ledger.test_merkle import naive_root


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (TileName(0, 0), "tile/0/000"),
        (TileName(0, 999), "tile/0/999"),
        (TileName(0, 1000), "tile/0/x001/000"),
        (TileName(2, 1234067), "tile/2/x001/x234/067"),
        (TileName(63, 5, 1), "tile/63/005.p/1"),
        (TileName(ENTRIES, 1067, 255), "tile/entries/x001/067.p/255"),
    ],
)
def test_paths_are_those_of_the_standard(name: TileName, path: str) -> None:
    assert name.path == path
    assert TileName.parse(path) == name
    assert name.full == TileName(name.level, name.index)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/05",
        "tile/0/x000/001",
        "tile/0/001/x002",
        "tile/entry/001",
        "tile/0/001.tmp",
        "tile/0/\u0661\u0661\u0661",
        "",
    ],
)
def test_other_spellings_are_no_tiles(path: str) -> None:
    assert TileName.parse(path) is None


def test_the_standards_example_of_seventy_thousand_entries() -> None:
    names = {name.path for name in tiles_of(70_000)}
    assert names == {
        "tile/entries/273.p/112",
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }
    assert [name.path for name in tiles_of(256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]
    assert tiles_of(0) == []


class Log:
    """A log in memory, written as an appender does: full tiles at once, partial ones at the end."""

    def __init__(self, size: int) -> None:
        self.entries = [b"%d" % number for number in range(size)]
        self.files: dict[str, bytes] = {}
        edge = TileEdge()
        for leaf in leaf_hashes(self.entries):
            self.files |= {tile.name.path: tile.data for tile in edge.append(leaf)}
        self.files |= {tile.name.path: tile.data for tile in edge.partial_tiles()}
        self.root = edge.root()

    def fetch(self, path: str) -> bytes:
        return self.files[path]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 777, 65_536, 66_000])
def test_the_root_from_tiles_is_the_root_from_leaves(size: int) -> None:
    log = Log(size)
    assert log.root == naive_root(log.entries)
    assert TileTree(size, log.fetch).root() == log.root
    loaded = TileEdge.load(size, log.fetch)
    assert (loaded.size, loaded.root()) == (size, log.root)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 65_535, 65_536])
def test_a_loaded_edge_goes_on_as_the_one_that_was_saved(size: int) -> None:
    edge = TileEdge.load(size, Log(size).fetch)
    longer = Log(size + 300)
    for number in range(size, size + 300):
        for tile in edge.append(hash_leaf(b"%d" % number)):
            assert longer.files[tile.name.path] == tile.data
    assert edge.root() == longer.root
    assert {tile.name.path: tile.data for tile in edge.partial_tiles()}.items() <= (
        longer.files.items()
    )


def test_proofs_made_from_tiles_verify() -> None:
    log = Log(777)
    tree = TileTree(777, log.fetch)
    draw = random.Random(7)  # noqa: S311 - a sample, no secret
    for index in [0, 255, 256, 511, 512, 776, *draw.sample(range(777), 20)]:
        proof = inclusion_proof(index, 777, tree.node)
        verify_inclusion(hash_leaf(log.entries[index]), index, 777, proof, log.root)
        old = TreeHead(index + 1, tree.root(index + 1))
        proof = consistency_proof(index + 1, 777, tree.node)
        verify_consistency(old, TreeHead(777, log.root), proof)


def test_a_subtree_past_the_end_is_refused() -> None:
    log = Log(300)
    with pytest.raises(LedgerError, match="no subtree"):
        TileTree(300, log.fetch).node(3, 37)


def test_the_empty_log_has_no_tiles() -> None:
    edge = TileEdge()
    assert edge.partial_tiles() == []
    assert edge.root() == EMPTY_ROOT


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_reads_back_as_what_was_put_in(entries: list[bytes]) -> None:
    assert parse_bundle(encode_bundle(entries), len(entries)) == entries


def test_the_longest_entry_has_two_length_bytes() -> None:
    longest = bytes(65_535)
    assert parse_bundle(encode_bundle([longest]), 1) == [longest]
    with pytest.raises(LedgerError, match="65535"):
        encode_bundle([bytes(65_536)])


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_bundle_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(VerificationError, match="cut off"):
        parse_bundle(encode_bundle([b"abc", b"def"])[:-cut], 2)


def test_another_number_of_entries_is_refused() -> None:
    with pytest.raises(VerificationError, match="got 2 entries"):
        parse_bundle(encode_bundle([b"abc", b"def"]), 3)


def test_a_tile_of_another_width_is_refused() -> None:
    assert parse_tile(b"a" * 32 + b"b" * 32, 2) == [b"a" * 32, b"b" * 32]
    with pytest.raises(VerificationError, match="96"):
        parse_tile(bytes(64), 3)


@given(st.lists(st.integers(0, 700), max_size=5))
def test_law_leaves_added_together_make_the_same_tiles_as_one_by_one(sizes: list[int]) -> None:
    together, single = TileEdge(), TileEdge()
    first: list[object] = []
    second: list[object] = []
    for size in sizes:
        leaves = [hash_leaf(b"%d" % (together.size + number)) for number in range(size)]
        first += together.extend(leaves)
        for leaf in leaves:
            second += single.append(leaf)
    assert first == second
    assert (together.size, together.root()) == (single.size, single.root())
    assert together.partial_tiles() == single.partial_tiles()


def test_a_bundle_of_millions_of_empty_entries_is_refused_at_once() -> None:
    with pytest.raises(VerificationError, match="more than 256"):
        parse_bundle(bytes(MAX_BUNDLE), 256)
    assert parse_bundle(bytes(512), 256) == [b""] * 256


def test_a_path_of_thousands_of_folders_is_no_tile() -> None:
    assert TileName.parse("tile/0/" + "x123/" * 12_000 + "456") is None
    longest = TileName(0, 2**53 >> 8)
    assert TileName.parse(longest.path) == longest
