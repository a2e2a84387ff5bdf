"""A log in a bucket: several writers at once, dying at any moment, make one history."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auditor.attest.result import StepVerdict
from auditor.attest.verify import verify_store
from auditor.errors import LedgerError, StoreError, VerificationError
from auditor.keys.file import FileKey, generate_key
from auditor.ledger.blobs import BlobRef, Stored
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.entries import RunAbort, RunStart
from auditor.ledger.note import NoteKey
from auditor.ledger.tiles import TileTree
from auditor.store.ledger_reader import LogReader
from auditor.store.ledger_writer import Recovery
from auditor.store.log_tail import Signers
from auditor.store.s3.journal import body_of, journal_path
from auditor.store.s3.log import ObjectLogWriter
from tests.unit.store.building import BEGIN, LATER, ORIGIN
from tests.unit.store.object_memory import Client, MemoryObjects, Turn, Turns, at_once

SEEDS = 600


BLOB = BlobRef(
    digest=f"sha256:{'0' * 64}",
    size=1,
    stored=Stored(encoding="gzip", digest=f"sha256:{'0' * 64}", size=1),
)


class Bench:
    """A bucket, the log's key, and a clock that all share."""

    def __init__(self, key: FileKey) -> None:
        self.memory = MemoryObjects()
        self.key: NoteKey = key.note_key(ORIGIN)
        self.signers = Signers(self.key, key.sign)
        self._ticks = itertools.count()
        self.acknowledged: list[tuple[int, str]] = []

    def clock(self) -> datetime:
        return BEGIN + timedelta(milliseconds=next(self._ticks))

    def open(self, turn: Turn = at_once) -> ObjectLogWriter:
        client = Client(self.memory, turn)
        return ObjectLogWriter(client, self.signers, self.clock, lambda: None)

    @property
    def opening(self) -> tuple[Signers, Callable[[], datetime]]:
        return self.signers, self.clock

    def append(self, log: ObjectLogWriter, *names: str) -> range:
        indexes = log.append_all(RunAbort(run=name, reason="x") for name in names)
        self.acknowledged += zip(indexes, names, strict=True)
        return indexes

    def names(self) -> list[str]:
        """The names in the log, by index; "" for entries of the log itself."""
        reader = LogReader(Client(self.memory))
        signed = reader.checkpoint()
        assert signed is not None
        return [
            getattr(entry.body, "run", "")
            for entry, _data in reader.entries(0, signed.checkpoint.size)
        ]

    def check(self) -> None:
        """Everything that was acknowledged is there; all checkpoints are of one history."""
        log = self.open()
        log.commit()
        names = self.names()
        assert [names[index] for index, _name in self.acknowledged] == [
            name for _index, name in self.acknowledged
        ]
        size = len(names)
        tree = TileTree(size, LogReader(Client(self.memory)).read)
        for data in self.memory.checkpoints:
            head = SignedCheckpoint.parse(data).checkpoint
            assert tree.root(head.size) == head.root
        report = verify_store(Client(self.memory), None, now=LATER)
        assert [step.verdict for step in report.steps if step.number in (1, 3)] == [
            StepVerdict.OK,
            StepVerdict.OK,
        ]
        left = [path for path in self.memory.files if path.startswith("log/journal/")]
        assert all(int(path.rpartition("/")[2]) < size for path in left)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> FileKey:
    return generate_key(tmp_path_factory.mktemp("key") / "log.pem", "ed25519")


@pytest.fixture
def bench(key: FileKey) -> Bench:
    return Bench(key)


@pytest.fixture(scope="module")
def near_the_edge(key: FileKey) -> dict[str, bytes]:
    """A log with a few entries less than a tile has."""
    bench = Bench(key)
    log = bench.open()
    bench.append(log, *(f"old-{number}" for number in range(250)))
    log.commit()
    return bench.memory.files


def writer(bench: Bench, name: str, seed: int) -> Callable[[Turn], None]:
    """Appends in batches and commits, more than once, as runs on one machine do."""

    def work(turn: Turn) -> None:
        chance = random.Random(f"{name} {seed}")  # noqa: S311 - repeatable
        log = bench.open(turn)
        for session in range(2):
            if session and (chance.random() < 0.5 or not log.open_again(*bench.opening)):
                log = bench.open(turn)
            for batch in range(2):
                count = chance.randrange(1, 5)
                bench.append(log, *(f"{name}-{session}-{batch}-{n}" for n in range(count)))
                if chance.random() < 0.5:
                    log.commit()
            if chance.random() < 0.8:
                log.commit()

    return work


@pytest.mark.parametrize("part", range(6))
def test_no_interleaving_loses_an_entry_or_makes_two_histories(
    key: FileKey, near_the_edge: dict[str, bytes], part: int
) -> None:
    died = 0
    for seed in range(part * SEEDS // 6, (part + 1) * SEEDS // 6):
        bench = Bench(key)
        if seed % 2:
            bench.memory.files = dict(near_the_edge)
        turns = Turns(seed, deaths=0.0 if seed % 3 == 0 else 0.02)
        turns.run([writer(bench, name, seed) for name in ("a", "b", "c")])
        died += turns.died
        bench.check()
    assert died > 0


def test_a_new_log_begins_with_its_key_whoever_is_first(bench: Bench) -> None:
    Turns(1, 0.0).run([writer(bench, name, 1) for name in "abcd"])
    bench.check()
    assert bench.names().count("") == 1
    assert bench.names()[0] == ""


def test_entries_without_a_commit_wait_for_the_next_writer(bench: Bench) -> None:
    bench.append(bench.open(), "one", "two")
    log = bench.open()
    assert log.recovery == Recovery(3)
    assert log.checkpoint is None
    log.commit()
    assert bench.names() == ["", "one", "two"]
    assert not [path for path in bench.memory.files if path.startswith("log/journal/")]


def test_a_writer_that_has_slept_takes_its_claim_back(bench: Bench) -> None:
    late = bench.open()
    other = bench.open()
    bench.append(other, "other")
    other.commit()  # the object that `late` would have found is gone
    assert bench.append(late, "late") == range(2, 3)
    late.commit()
    bench.check()


def test_a_commit_of_another_is_enough(bench: Bench) -> None:
    one, two = bench.open(), bench.open()
    bench.append(one, "one")
    bench.append(two, "two")
    two.commit()
    assert one.commit().checkpoint.size == 3
    assert len(bench.memory.checkpoints) == 1
    bench.check()


def test_a_tile_with_other_bytes_is_damage(bench: Bench) -> None:
    log = bench.open()
    bench.append(log, "one")
    bench.memory.files["log/tile/0/000.p/2"] = b"other"
    with pytest.raises(VerificationError, match="other bytes") as caught:
        log.commit()
    assert caught.value.where == "log/tile/0/000.p/2"
    with pytest.raises(StoreError, match="after a failed commit"):
        log.append(RunAbort(run="r", reason="x"))


def test_a_checkpoint_that_was_put_back_is_refused(bench: Bench) -> None:
    log = bench.open()
    log.commit()
    old = bench.memory.files["log/checkpoint"]
    bench.append(log, "one")
    log.commit()
    bench.memory.files["log/checkpoint"] = old
    with pytest.raises(LedgerError, match="put back"):
        bench.open()


def test_another_history_under_the_same_key_is_found(bench: Bench, key: FileKey) -> None:
    log = bench.open()
    bench.append(log, "one")
    forged = Bench(key)
    other = forged.open()
    forged.append(other, "two", "three")
    other.commit()
    for path in ("log/checkpoint", "log/tile/0/000.p/3", "log/tile/entries/000.p/3"):
        bench.memory.files[path] = forged.memory.files[path]
    with pytest.raises(VerificationError, match="are others than"):
        log.commit()


def test_a_gap_in_the_journal_is_damage(bench: Bench) -> None:
    log = bench.open()
    bench.append(log, "one")
    bench.append(log, "two")
    del bench.memory.files[journal_path(1)]
    with pytest.raises(VerificationError, match="lacks entry 1"):
        bench.open()


@pytest.mark.parametrize("cut", [1, 7])
def test_a_cut_object_of_the_journal_is_damage(bench: Bench, cut: int) -> None:
    bench.append(bench.open(), "one")
    bench.memory.files[journal_path(1)] = bench.memory.files[journal_path(1)][:-cut]
    with pytest.raises(VerificationError, match="no whole piece"):
        bench.open()


def test_a_damaged_object_of_the_journal_is_damage(bench: Bench) -> None:
    bench.append(bench.open(), "one")
    path = journal_path(1)
    data = bench.memory.files[path]
    bench.memory.files[path] = data[:20] + b"!!" + data[22:] + data
    with pytest.raises(VerificationError) as caught:
        bench.open()
    assert caught.value.where == path


def test_a_checkpoint_that_is_none_is_named(bench: Bench) -> None:
    bench.memory.files["log/checkpoint"] = b"nonsense"
    with pytest.raises(VerificationError) as caught:
        bench.open()
    assert caught.value.where == "log/checkpoint"


def test_a_missing_tile_is_named(bench: Bench) -> None:
    bench.open().commit()
    del bench.memory.files["log/tile/0/000.p/1"]
    with pytest.raises(VerificationError) as caught:
        bench.open()
    assert caught.value.where == "log/tile/0/000.p/1"


def test_a_log_of_another_key_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.open().commit()
    other = generate_key(tmp_path / "other.pem", "ed25519")
    bench.signers = Signers(other.note_key(ORIGIN), other.sign)
    with pytest.raises(LedgerError, match="another key"):
        bench.open()


def test_an_empty_batch_writes_nothing(bench: Bench) -> None:
    log = bench.open()
    before = dict(bench.memory.files)
    assert log.append_all(()) == range(1, 1)
    assert bench.memory.files == before


def test_a_long_log_leaves_no_outgrown_tiles(bench: Bench) -> None:
    for _round in range(4):
        log = bench.open()
        bench.append(log, *(f"r-{number}" for number in range(70)))
        log.commit()
    assert not [path for path in bench.memory.files if path.startswith("log/tile/0/000.p/")]
    bench.check()


def test_cosignatures_are_put_to_the_checkpoint_they_are_for(bench: Bench) -> None:
    log = bench.open()
    with pytest.raises(LedgerError, match="no checkpoint"):
        log.cosign([])
    signed = log.commit()
    line = signed.note.signatures[0]
    extra = type(line)(name="witness.example", key_id=bytes(4), signature=bytes(72))
    other = bench.open()
    assert other.cosign([extra]).note.signatures == (line, extra)
    # `log` has not read it: it tries over the old state, and reads first
    second = type(line)(name="second.example", key_id=bytes(4), signature=bytes(72))
    assert [s.name for s in log.cosign([second]).note.signatures] == [
        ORIGIN,
        "witness.example",
        "second.example",
    ]
    bench.append(other, "one")
    other.commit()
    assert log.cosign([extra, second, line]).checkpoint.size == 1  # nothing new to put
    third = type(line)(name="third.example", key_id=bytes(4), signature=bytes(72))
    assert log.cosign([third]).checkpoint.size == 2  # for a text that is no more in force
    assert "third" not in bench.memory.files["log/checkpoint"].decode()


def test_a_stale_object_in_the_journal_is_not_an_entry(bench: Bench) -> None:
    log = bench.open()
    bench.append(log, "one")
    piece = bench.memory.files[journal_path(1)]
    log.commit()
    bench.memory.files[journal_path(1)] = piece  # a request that arrived when all was over
    again = bench.open()
    assert again.size == 2
    bench.append(again, "two")
    again.commit()
    bench.check()
    assert body_of(b"x").size == 1


def test_a_writer_that_is_opened_again_has_followed_the_others(bench: Bench, key: FileKey) -> None:
    log, other = bench.open(), bench.open()
    bench.append(other, "one")
    other.commit()
    assert log.open_again(*bench.opening)
    assert (log.size, log.recovery) == (2, Recovery())
    assert not log.open_again(Signers(bench.key, key.sign, (bench.key, key.sign)), bench.clock)
    bench.memory.files["log/tile/0/000.p/3"] = b"other"
    bench.append(log, "two")
    with pytest.raises(VerificationError):
        log.commit()
    assert not log.open_again(*bench.opening)  # nobody knows what it left


def test_files_of_the_log_are_locked_as_long_as_any_run_in_it(bench: Bench) -> None:
    client = Client(bench.memory)
    log = ObjectLogWriter(client, bench.signers, bench.clock, lambda: LATER)
    log.append(
        RunStart(
            run="r",
            now=BEGIN,
            policy=BLOB,
            scope={},
            nonce="n",
            retain_until=LATER + timedelta(days=1),
        )
    )
    log.commit()
    assert client.locks["log/checkpoint"].until == LATER + timedelta(days=1)
    log.append(RunAbort(run="r", reason="x"))
    log.commit()
    assert client.locks["log/tile/0/000.p/3"].until == LATER + timedelta(days=1)
