"""Logs made to keep a verifier busy, with the real key: refused, with bounded work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.verify import verify_store
from auditor.ledger.checkpoint import MAX_SIZE, Checkpoint, sign_checkpoint
from auditor.ledger.entries import GENESIS, Entry, WaiverRecord
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.tiles import ENTRIES, MAX_BUNDLE, TileEdge, TileName, encode_bundle
from tests.unit.store.building import LATER, ORIGIN, MemoryReader, Site, rejudge

BAD = StepVerdict.BAD
BUDGET_S = 5.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("site"))
    made.record_run("run-1", [b"one"])
    return made


def checkpoint(site: Site, size: int, root: bytes) -> bytes:
    """Signed with the real key."""
    key = site.log_key
    return sign_checkpoint(
        Checkpoint(ORIGIN, size, root), key.note_key(ORIGIN), key.sign
    ).to_bytes()


def log_of(site: Site, entries: list[bytes], data: bytes | None = None) -> dict[str, bytes]:
    """A log of at most 256 entries whatever they are, with all its tiles and a true root."""
    edge = TileEdge()
    full = edge.extend([hash_leaf(entry) for entry in entries])
    tiles = {f"log/{tile.name.path}": tile.data for tile in [*full, *edge.partial_tiles()]}
    name = TileName(ENTRIES, 0, len(entries)).path
    bundle = encode_bundle(entries) if data is None else data
    signed = checkpoint(site, len(entries), edge.root())
    return tiles | {f"log/{name}": bundle, "log/checkpoint": signed}


def verified(site: Site, files: dict[str, bytes]) -> VerificationReport:
    """The verdict, found without more work than anybody would wait for."""
    begin = time.process_time()
    report = verify_store(MemoryReader(files), site.trust, rejudge=rejudge, now=LATER)
    assert time.process_time() - begin < BUDGET_S
    return report


@pytest.mark.parametrize("size", [257, 10**9, MAX_SIZE])
def test_a_size_that_the_entries_do_not_have_is_refused(site: Site, size: int) -> None:
    files = site.files()
    claimed = files | {"log/checkpoint": checkpoint(site, size, bytes(32))}
    report = verified(site, claimed)
    assert report.steps[3].verdict is BAD
    assert report.exit_code == 5


def test_a_size_beyond_all_numbers_is_refused(site: Site) -> None:
    files = site.files()
    text = files["log/checkpoint"].split(b"\n")
    text[1] = b"9" * 5000
    report = verified(site, files | {"log/checkpoint": b"\n".join(text)})
    assert report.steps[2].verdict is BAD
    assert report.exit_code == 5


def test_tiles_of_a_log_of_any_size_by_the_hundred_thousand_are_bounded_work(site: Site) -> None:
    strange = {
        f"log/{TileName(level, index).path}": b"" for level in range(60) for index in range(2000)
    }
    report = verified(site, strange | site.files())
    assert len(report.steps[3].notes) <= 1000
    assert report.steps[3].verdict is not StepVerdict.OK


def test_all_widths_of_one_tile_are_bounded_work(site: Site) -> None:
    files = site.files()
    narrow = {f"log/{TileName(level, 0, width).path}": b"\x00" * 32 * width
              for level in (ENTRIES, 0, 1) for width in range(1, 256)}  # fmt: skip
    assert verified(site, narrow | files).exit_code == 5


def test_paths_of_absurd_length_are_no_tiles_and_no_crash(site: Site) -> None:
    path = "log/tile/0/" + "x123/" * 12_000 + "456"
    report = verified(site, site.files() | {path: b""})
    assert report.steps[1].verdict is StepVerdict.WARNING
    assert report.exit_code == 0


@pytest.mark.parametrize("count", [1, 256])
def test_entries_of_no_length_are_no_entries(site: Site, count: int) -> None:
    report = verified(site, log_of(site, [b""] * count))
    assert report.steps[3].verdict is BAD
    assert report.steps[3].detail.startswith("entry 0")


def test_millions_of_empty_entries_in_one_bundle_are_refused(site: Site) -> None:
    files = log_of(site, [b""] * 256, bytes(MAX_BUNDLE))
    report = verified(site, files)
    assert report.steps[3].verdict is BAD
    assert "more than 256" in report.steps[3].detail


def test_a_bundle_that_never_ends_is_refused(site: Site) -> None:
    class Endless(MemoryReader):
        def chunks(self, path: str) -> Iterator[bytes]:
            if "entries" not in path:
                yield from super().chunks(path)
                return
            for _ in range(10**9):
                yield bytes(1 << 20)

    begin = time.process_time()
    report = verify_store(Endless(site.files()), site.trust, rejudge=rejudge, now=LATER)
    assert report.steps[3].verdict is BAD
    assert time.process_time() - begin < BUDGET_S


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"9" * 60_000,
        b"-" + b"9" * 60_000,
        b"1e400",
        b'"' + b"\\u0041" * 10_000 + b'"',
        b'"\xff"',
        b"[" + b"0," * 30_000 + b"0]",
    ],
)
def test_an_entry_that_is_json_at_its_worst_is_refused_by_its_number(
    site: Site, value: bytes
) -> None:
    head = b'{"body":{"x":' + value + b'},"index":0,"prev":"' + GENESIS.encode()
    entry = head + b'","time":"2026-03-01T12:00:00Z","type":"waiver","v":"log-entry-2"}'
    report = verified(site, log_of(site, [entry]))
    assert report.steps[3].verdict is BAD
    assert report.steps[3].detail.startswith("entry 0")


def test_a_blob_of_a_size_that_nobody_has_is_found_by_the_bytes_that_are_there(site: Site) -> None:
    run = next(e for e in site.store.entries() if e.body.type == "run.start")
    policy = run.body.policy.model_copy(update={"size": MAX_SIZE})  # type: ignore[union-attr]
    body = run.body.model_copy(update={"policy": policy})
    entry = Entry(0, GENESIS, run.time, body).to_bytes()
    report = verified(site, site.files() | log_of(site, [entry]))
    assert report.steps[6].verdict is BAD


def test_the_same_entry_twice_is_not_a_chain(site: Site) -> None:
    one = Entry(0, GENESIS, LATER, WaiverRecord(fields={})).to_bytes()
    report = verified(site, log_of(site, [one, one]))
    assert "entry 1" in report.steps[3].detail


def test_folders_that_contain_themselves_are_not_walked(tmp_path: Path) -> None:
    made = Site(tmp_path)
    made.record_run("run-1", [b"one"])
    log = made.root / "evidence" / "log"
    (log / "tile" / "x000").symlink_to(log)
    (log / "loop").symlink_to("loop")
    report = made.verify()
    assert report.steps[1].verdict is StepVerdict.WARNING
    named = {note.where for note in report.steps[1].notes}
    assert named == {"log/loop", "log/tile/x000"}
