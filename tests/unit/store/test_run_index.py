"""The index of runs: right answers from the log, whatever has happened to its file."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from auditor.errors import StoreError
from auditor.ledger.entries import RunAbort
from tests.unit.store.building import Site, verdict_bytes


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """run-1 ended, run-2 was aborted, run-3 was cut off."""
    site = Site(tmp_path)
    site.record_run("run-1", [b"one"])
    with site.open() as log:
        site.begin(log, "run-2")
        log.append(RunAbort(run="run-2", reason="interrupted"))
        site.begin(log, "run-3")
        log.commit()
    return site


def test_runs_are_listed_the_newest_first(site: Site) -> None:
    runs = site.store.runs()
    assert [run.id for run in runs] == ["run-3", "run-2", "run-1"]
    assert [run.outcome for run in runs] == [None, None, "ok"]
    assert [run.aborted for run in runs] == [None, "interrupted", None]
    assert [run.id for run in site.store.runs(limit=2)] == ["run-3", "run-2"]


def test_a_run_is_shown_with_its_places_in_the_log(site: Site) -> None:
    run = site.store.run("run-1")
    assert run is not None
    assert (run.start_index, run.verdicts_index, run.end_index) == (1, 3, 4)
    assert run.counts == {"pass": 1}
    start, end = (next(site.store.entries(at, at + 1)) for at in (1, 4))
    assert (run.started, run.ended) == (start.time, end.time)
    open_run = site.store.run("run-3")
    assert open_run is not None
    assert (open_run.ended, open_run.verdicts_index, open_run.end_index) == (None, None, None)
    assert site.store.run("run-4") is None


def test_the_latest_run_is_the_newest_that_ended(site: Site) -> None:
    latest = site.store.latest()
    assert latest is not None
    assert latest.id == "run-1"
    site.record_run("run-4", [])
    latest = site.store.latest()
    assert latest is not None
    assert latest.id == "run-4"


def test_a_store_that_is_not_there_has_no_runs_and_is_not_made(tmp_path: Path) -> None:
    store = Site(tmp_path).store
    assert (store.runs(), store.run("r"), store.latest(), store.history("r")) == (
        [],
        None,
        None,
        None,
    )
    assert not store.folder.exists()


def test_an_empty_store_has_no_runs(site: Site) -> None:
    site.store.folder.joinpath("log", "checkpoint").unlink()
    assert site.store.runs() == []


@pytest.mark.parametrize("damage", [b"", b"no database" * 100])
def test_a_lost_or_damaged_index_is_made_anew(site: Site, damage: bytes) -> None:
    expected = site.store.runs()
    index = site.store.folder / "index.sqlite"
    index.write_bytes(damage)
    assert site.store.runs() == expected
    index.unlink()
    assert site.store.runs() == expected


def test_an_index_of_another_version_is_made_anew(site: Site) -> None:
    expected = site.store.runs()
    with closing(sqlite3.connect(site.store.folder / "index.sqlite")) as connection:
        connection.execute("pragma user_version = 99")
    assert site.store.runs() == expected


@pytest.mark.parametrize("observations", [0, 20])
def test_an_index_of_another_log_is_made_anew(
    site: Site, tmp_path: Path, observations: int
) -> None:
    site.store.runs()
    other = Site(tmp_path / "other")
    other.record_run("other-1", [b"x"] * observations)
    index = site.store.folder / "index.sqlite"
    (other.store.folder / "index.sqlite").write_bytes(index.read_bytes())
    assert [run.id for run in other.store.runs()] == ["other-1"]


def test_where_no_index_can_be_kept_the_answers_are_the_same(site: Site) -> None:
    expected = site.store.runs()
    index = site.store.folder / "index.sqlite"
    index.unlink()
    index.mkdir()
    assert site.store.runs() == expected


def test_an_index_whose_tables_were_changed_is_a_store_error(site: Site) -> None:
    site.store.runs()
    with closing(sqlite3.connect(site.store.folder / "index.sqlite")) as connection:
        connection.execute("alter table runs drop column outcome")
    with pytest.raises(StoreError, match=r"delete index\.sqlite"):
        site.store.runs()


def test_readers_at_the_same_time_agree(site: Site) -> None:
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append([run.id for run in site.store.runs()]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["run-3", "run-2", "run-1"]] * 8


def test_the_history_of_a_run_has_all_its_entries(site: Site) -> None:
    history = site.store.history("run-1")
    assert history is not None
    assert history.problems == []
    assert [site.store.get(collect.blob) for collect in history.collects] == [b"one"]
    assert history.verdicts is not None
    assert b"".join(site.store.stream(history.verdicts.blob)) == verdict_bytes([b"one"])
    assert len(history.reports) == 1
