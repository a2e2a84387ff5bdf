"""The log on disk: what is acknowledged stays, and nothing is signed twice differently."""

from __future__ import annotations

import os
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.errors import LedgerError, StoreError, VerificationError
from auditor.ledger.entries import (
    Entry,
    HoldRecord,
    KeyRecord,
    RunAbort,
    WaiverRecord,
    entry_digest,
)
from auditor.ledger.journal import encode_frame
from auditor.store.ledger_writer import Recovery
from auditor.store.local import LocalStore
from tests.unit.store.building import BEGIN, ORIGIN, Site, ticking
from tests.unit.store.workers import append_in_turns, numbered, reopened, start


def numbers(store: LocalStore) -> list[int]:
    bodies = [entry.body for entry in store.entries()]
    return [int(str(body.fields["number"])) for body in bodies if isinstance(body, WaiverRecord)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_first_entry_of_a_log_is_its_own_key(site: Site) -> None:
    with site.open() as log:
        assert log.size == 1
        assert log.checkpoint is None
        assert log.append(numbered(1)) == 1
        log.commit()
    first = next(site.store.entries())
    assert isinstance(first.body, KeyRecord)
    assert (first.body.use, first.body.action) == ("log", "introduce")
    assert first.body.key == site.log_key.note_key(ORIGIN).vkey


def test_entries_are_read_after_the_commit_and_not_before(site: Site) -> None:
    with site.open() as log:
        log.append(numbered(1))
        assert site.store.checkpoint() is None
        assert list(site.store.entries()) == []
        signed = log.commit()
        assert log.commit() is signed
    assert site.store.checkpoint() == signed
    assert numbers(site.store) == [1]
    assert (site.root / "evidence" / "log" / "journal").read_bytes() == b""


def test_what_was_not_committed_is_taken_up_by_the_next(site: Site) -> None:
    with site.open() as log:
        log.append(numbered(1))
    with site.open() as log:
        assert log.recovery == Recovery(entries=2, dropped_bytes=0)
        assert log.append(numbered(2)) == 2
        log.commit()
    assert numbers(site.store) == [1, 2]
    assert site.verify().steps[3].verdict == "ok"


@pytest.mark.parametrize("committed", [1, 254, 255, 256, 257, 511, 512, 600])
def test_a_log_goes_on_at_every_place_of_a_tile(site: Site, committed: int) -> None:
    with site.open() as log:
        for number in range(1, committed):
            log.append(numbered(number))
        log.commit()
    with site.open() as log:
        assert log.size == committed
        for number in range(committed, committed + 300):
            log.append(numbered(number))
        log.commit()
    assert numbers(site.store) == list(range(1, committed + 300))
    assert [entry.index for entry in site.store.entries(254, 258)] == [254, 255, 256, 257]
    report = site.verify()
    assert [step.verdict for step in report.steps[:4]] == ["ok", "ok", "warning", "ok"]


def test_partial_tiles_go_when_their_full_tile_is_there(site: Site) -> None:
    for count in (10, 20, 300):
        with site.open() as log:
            for number in range(count):
                log.append(numbered(number))
            log.commit()
    tiles = [path for path in site.files() if path.startswith("log/tile/")]
    assert sorted(tiles) == [
        "log/tile/0/000",
        "log/tile/0/001.p/75",
        "log/tile/1/000.p/1",
        "log/tile/entries/000",
        "log/tile/entries/001.p/75",
    ]


def test_time_in_the_log_never_goes_back(site: Site) -> None:
    with site.open() as log:
        log.append(numbered(1))
        log.commit()
    site.clock = ticking(BEGIN - timedelta(seconds=30))
    with site.open() as log:
        log.append(numbered(2))
        log.commit()
    times = [entry.time for entry in site.store.entries()]
    assert times == sorted(times)


def test_a_clock_far_behind_the_log_is_refused(site: Site) -> None:
    with site.open() as log:
        log.commit()
        site.clock = ticking(BEGIN - timedelta(days=1))
    with site.open() as log, pytest.raises(StoreError, match="the clock says"):
        log.append(numbered(1))


def test_another_key_is_refused_before_anything_is_written(site: Site, tmp_path: Path) -> None:
    site.record_run("run-1", [b"one"])
    before = site.files()
    site.log_key = Site(tmp_path / "other").log_key
    with pytest.raises(LedgerError, match="signed by another key"), site.open():
        pass
    assert {path: data for path, data in site.files().items() if path != "lock"} == {
        path: data for path, data in before.items() if path != "lock"
    }


def test_a_signer_that_is_not_the_key_writes_nothing(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other").log_key
    store, key = site.store, site.log_key.note_key(ORIGIN)
    with (
        pytest.raises(LedgerError, match="not the private half"),
        store.open_log(key=key, sign=other.sign, clock=site.clock),
    ):
        pass
    assert store.checkpoint() is None
    with site.open() as log:
        assert log.commit().checkpoint.size == 1


def test_what_no_key_of_the_log_has_sealed_is_not_taken_out_of_the_journal(site: Site) -> None:
    """Whoever can write the store could have the next writer sign anything."""
    with site.open() as log:
        log.append(numbered(1))
        log.commit()
    *_others, last = site.store.entries()
    body = HoldRecord(hold="case-7", action="clear", runs=["r1"], reason="over")
    forged = Entry(last.index + 1, entry_digest(last.to_bytes()), last.time, body).to_bytes()
    stranger = Ed25519PrivateKey.generate()
    for seal in (None, stranger.sign):
        journal = site.store.folder / "log" / "journal"
        journal.write_bytes(encode_frame(forged, seal=seal))
        with pytest.raises(VerificationError, match="no key of this log has sealed"), site.open():
            pass
    journal.write_bytes(encode_frame(forged, seal=site.log_key.sign))
    with site.open() as log:
        assert log.size == last.index + 2


def test_an_entry_that_is_refused_leaves_the_log_usable(site: Site) -> None:
    with site.open() as log:
        with pytest.raises(LedgerError, match="at most"):
            log.append(RunAbort(run="r", reason="x" * 70_000))
        assert log.append(numbered(1)) == 1
        log.commit()
    assert numbers(site.store) == [1]


def test_a_checkpoint_of_the_same_key_under_another_name_is_refused(site: Site) -> None:
    site.record_run("run-1", [])
    key = site.log_key.note_key("other/log")
    with (
        pytest.raises(LedgerError, match="expected 'other/log'"),
        site.store.open_log(key=key, sign=site.log_key.sign, clock=site.clock),
    ):
        pass


@pytest.mark.parametrize("damage", ["entries", "0", "checkpoint"])
def test_a_damaged_log_is_not_appended_to(site: Site, damage: str) -> None:
    site.record_run("run-1", [b"one"])
    path = next(path for path in site.files() if path.startswith("log/") and damage in path)
    file = site.root / "evidence" / path
    data = file.read_bytes()
    file.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    with pytest.raises((LedgerError, VerificationError)), site.open():
        pass


def test_a_missing_tile_is_named(site: Site) -> None:
    site.record_run("run-1", [b"one"])
    shutil.rmtree(site.root / "evidence" / "log" / "tile" / "0")
    with (
        pytest.raises(VerificationError, match=r"log/tile/0/000\.p/6: the file is missing"),
        site.open(),
    ):
        pass


@pytest.mark.parametrize("more", [5, 300])
def test_a_checkpoint_put_back_is_refused_and_not_forked(site: Site, more: int) -> None:
    site.record_run("run-1", [b"one"])
    old = (site.root / "evidence" / "log" / "checkpoint").read_bytes()
    old_tiles = {path: data for path, data in site.files().items() if "/tile/" in path}
    site.record_run("run-2", [b"x"] * more)
    (site.root / "evidence" / "log" / "checkpoint").write_bytes(old)
    for path, data in old_tiles.items():
        (site.root / "evidence" / path).parent.mkdir(parents=True, exist_ok=True)
        (site.root / "evidence" / path).write_bytes(data)
    with pytest.raises(LedgerError, match="put back"), site.open():
        pass


def test_a_lost_checkpoint_is_refused_too(site: Site) -> None:
    site.record_run("run-1", [b"one"])
    (site.root / "evidence" / "log" / "checkpoint").unlink()
    with pytest.raises(LedgerError, match="put back"), site.open():
        pass


def test_a_second_writer_waits_and_then_names_the_first(site: Site) -> None:
    with site.open(), pytest.raises(StoreError, match=f"pid {os.getpid()} on"), site.open(0.05):
        pass
    with site.open(0.05) as log:
        log.commit()


def test_several_processes_queue_and_lose_nothing(site: Site) -> None:
    workers = [start("turns", site, str(first)) for first in (0, 10, 20, 30)]
    for worker in workers:
        worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0] * 4
    assert sorted(numbers(site.store)) == list(range(40))
    assert site.verify().steps[3].verdict == "ok"


def test_threads_of_one_process_queue_too(site: Site) -> None:
    threads = [
        threading.Thread(target=append_in_turns, args=(reopened(site.root), first))
        for first in (0, 10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers(site.store)) == list(range(20))


def test_a_long_run_needs_no_memory(site: Site) -> None:
    """60 MB in the log; one bundle (15 MB) and its copies for writing in memory."""
    output, _ = start("much", site, "1000").communicate(timeout=60)
    assert int(output) < 50
    assert len(list(site.store.entries())) == 1002


def test_a_disk_that_is_full_loses_nothing_that_was_acknowledged(site: Site) -> None:
    output, _ = start("until-full", site, "20000").communicate(timeout=60)
    acknowledged = [int(line) for line in output.split()]
    assert len(acknowledged) > 50
    with site.open() as log:
        assert log.recovery.entries == len(acknowledged) + 1
        assert log.recovery.dropped_bytes > 0
        log.commit()
    assert numbers(site.store) == acknowledged


def test_a_reader_goes_on_while_its_last_partial_bundle_is_replaced(site: Site) -> None:
    with site.open() as log:
        for number in range(5):
            log.append(numbered(number))
        log.commit()
    reading = site.store.entries()
    old = site.store.checkpoint()
    assert old is not None
    with site.open() as log:
        for number in range(5, 300):
            log.append(numbered(number))
        log.commit()
    (site.root / "evidence" / "log" / "checkpoint").write_bytes(old.to_bytes())
    assert [entry.index for entry in reading] == list(range(6))


@pytest.mark.parametrize(
    ("path", "data", "message"),
    [
        ("checkpoint", b"nonsense", "log/checkpoint: the note"),
        ("tile/entries/000.p/6", b"\xff\xff", "log/tile/entries/000.p/6: entry 0"),
        ("tile/entries/000.p/6", bytes(17_000_000), "longer than"),
        ("tile/entries/000.p/6", b"\x00\x01x" * 6, "do not have the hashes"),
        ("tile/0/000.p/6", b"", "tile of 0 bytes"),
    ],
)
def test_a_damaged_file_is_named_by_the_reader(
    site: Site, path: str, data: bytes, message: str
) -> None:
    site.record_run("run-1", [b"one"])
    (site.root / "evidence" / "log" / path).write_bytes(data)
    with pytest.raises(VerificationError) as caught:
        list(site.store.entries())
    assert message in str(caught.value)


def test_an_earlier_state_of_the_log_is_computed_and_proven(site: Site) -> None:
    heads = []
    for count in (3, 255, 20):
        with site.open() as log:
            for number in range(count):
                log.append(numbered(number))
            heads.append(log.commit().checkpoint)
    assert [site.store.head(head.size) for head in heads] == heads
    for size in (0, heads[-1].size + 1):
        with pytest.raises(VerificationError, match="entries"):
            site.store.head(size)
    tile = site.root / "evidence" / "log" / "tile" / "0" / "000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(VerificationError):
        site.store.head(heads[0].size)
