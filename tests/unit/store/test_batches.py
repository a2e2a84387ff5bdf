"""Batches: acknowledged together, by one write and one fsync; or nothing of them is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.errors import LedgerError, StoreError
from auditor.ledger.entries import LogBody, RunAbort, RunEnd, WaiverRecord
from auditor.ledger.journal import HEADER_SIZE
from tests.unit.store.building import BEGIN, Site
from tests.unit.store.stories import at
from tests.unit.store.test_ledger_writer import numbers
from tests.unit.store.tracing import Child
from tests.unit.store.workers import numbered


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    with made.open() as log:
        log.commit()
    return made


def journal(site: Site) -> Path:
    return site.root / "evidence" / "log" / "journal"


def test_a_batch_is_one_write_and_one_fsync(site: Site) -> None:
    def work() -> None:
        with site.open() as log:
            assert log.append_all(map(numbered, range(100))) == range(1, 101)

    child = Child(work)
    calls = [(c.name, len(c.data)) for c in child.calls() if c.path == str(journal(site))]
    child.kill()
    assert child.status == 0
    opened = [("truncate", 0), ("sync", 0)]
    size = journal(site).stat().st_size
    assert calls == [*opened, ("write", size), ("sync", 0)]


def test_an_empty_batch_is_nothing(site: Site) -> None:
    with site.open() as log:
        assert log.append_all([]) == range(1, 1)
    assert journal(site).read_bytes() == b""


def raising(error: Exception) -> Iterator[LogBody]:
    yield numbered(1)
    yield numbered(2)
    raise error


def unwritable(body: LogBody) -> Iterator[LogBody]:
    yield numbered(1)
    yield body


@pytest.mark.parametrize(
    ("bodies", "error"),
    [
        (raising(OSError("the source broke")), OSError),
        (raising(KeyError("k")), KeyError),
        (unwritable(RunAbort(run="r", reason="x" * 70_000)), LedgerError),
        (unwritable(WaiverRecord(fields={"x": 1.5})), LedgerError),
        (unwritable(RunEnd.model_construct(run="r", outcome="x", statement="")), LedgerError),
    ],
)
def test_what_goes_wrong_within_a_batch_leaves_nothing_and_the_log_usable(
    site: Site, bodies: Iterator[LogBody], error: type[Exception]
) -> None:
    with site.open() as log:
        with pytest.raises(error):
            log.append_all(bodies)
        assert (log.size, journal(site).read_bytes()) == (1, b"")
        assert log.append(numbered(3)) == 1
        log.commit()
    assert numbers(site.store) == [3]
    assert site.verify().steps[3].verdict == "ok"


def test_a_clock_that_jumps_back_within_a_batch_leaves_nothing(site: Site) -> None:
    now = [BEGIN.replace(year=2027)]
    site.clock = lambda: now[0]

    def bodies() -> Iterator[LogBody]:
        yield numbered(1)
        now[0] = BEGIN
        yield numbered(2)

    with site.open() as log, pytest.raises(StoreError, match="the clock says"):
        log.append_all(bodies())
    assert journal(site).read_bytes() == b""


def test_a_body_that_would_not_be_read_back_is_never_written(site: Site) -> None:
    bad = RunAbort.model_construct(run="../x", reason="not validated")
    with site.open() as log:
        with pytest.raises(LedgerError, match="run"):
            log.append(bad)
        log.append(numbered(1))
        log.commit()
    assert numbers(site.store) == [1]


def test_a_source_that_appends_itself_is_refused(site: Site) -> None:
    with site.open() as log:

        def bodies() -> Iterator[LogBody]:
            yield numbered(1)
            log.append(numbered(2))
            yield numbered(3)

        with pytest.raises(LedgerError, match="grew by others"):
            log.append_all(bodies())
        log.commit()
    assert numbers(site.store) == [2]
    assert site.verify().steps[3].verdict == "ok"


def test_a_journal_cut_anywhere_in_a_batch_gives_none_of_it(site: Site) -> None:
    with site.open() as log:
        log.append_all(map(numbered, range(1, 4)))
        first = journal(site).stat().st_size
        log.append_all(map(numbered, range(4, 9)))
    data = journal(site).read_bytes()
    for cut in {*range(0, len(data), 37), first - 1, first, first + HEADER_SIZE, len(data)}:
        again = at(site.root / "again", site, hours=1)
        shutil.copytree(site.root / "evidence", again.root / "evidence")
        journal(again).write_bytes(data[:cut])
        whole = 8 if cut == len(data) else 3 if cut >= first else 0
        with again.open() as log:
            assert log.recovery.entries == whole
            assert log.recovery.dropped_bytes == cut - {0: 0, 3: first, 8: cut}[whole]
            log.commit()
        assert numbers(again.store) == list(range(1, whole + 1))
        shutil.rmtree(again.root)


def test_a_batch_larger_than_a_frame_is_whole_too(site: Site) -> None:
    text = "x" * 60_000
    with site.open() as log:
        indexes = log.append_all(WaiverRecord(fields={"number": n, "t": text}) for n in range(160))
        assert len(indexes) == 160
    with site.open() as log:
        assert log.recovery.entries == 160
        log.commit()
    assert numbers(site.store) == list(range(160))


def test_times_within_a_batch_do_not_go_back(site: Site) -> None:
    now = [BEGIN]
    site.clock = lambda: now[0]

    def bodies() -> Iterator[LogBody]:
        for seconds in (300, 330, 280):
            now[0] = BEGIN + timedelta(seconds=seconds)
            yield numbered(seconds)

    with site.open() as log:
        log.append_all(bodies())
        log.commit()
    times = [entry.time for entry in site.store.entries()]
    assert times == sorted(times)
    assert numbers(site.store) == [300, 330, 280]
