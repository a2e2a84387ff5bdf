"""Statements and reports beside the log, and the folder as verification reads it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.core.canonical import digest
from auditor.errors import StoreError, VerificationError
from auditor.store.files import NewFile, write_file
from auditor.store.local import LocalStore
from auditor.store.reader import FolderReader
from tests.unit.store.building import BEGIN, Site


def test_a_statement_reads_back_and_is_never_overwritten(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "evidence")
    assert store.write_statement("run-1", b"signed") == digest(b"signed")
    assert store.write_statement("run-1", b"signed") == digest(b"signed")
    with pytest.raises(StoreError, match="never overwritten"):
        store.write_statement("run-1", b"other")
    assert store.read_statement("run-1") == b"signed"


def test_evidence_reads_back_from_bytes_and_from_pieces(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert store.get(store.put(b"whole")) == b"whole"
    assert store.get(store.put_stream(iter([b"in ", b"pieces"]))) == b"in pieces"


def test_a_report_is_kept_beside_the_statement(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    path, found = store.write_run_file("run-1", "report.pdf", b"%PDF")
    assert (path, found) == ("runs/run-1/report.pdf", digest(b"%PDF"))
    assert (tmp_path / path).read_bytes() == b"%PDF"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 200, "\u00e9"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    store = LocalStore(tmp_path)
    with pytest.raises(StoreError, match="run id"):
        store.write_statement(name, b"")
    with pytest.raises(StoreError, match="file name"):
        store.write_run_file("run-1", name, b"")
    assert list(tmp_path.rglob("*")) == []


def test_a_missing_statement_is_named(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="runs/run-1/statement"):
        LocalStore(tmp_path).read_statement("run-1")


def test_a_store_in_a_place_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    site = Site(tmp_path)
    store = LocalStore(tmp_path / "file")
    with pytest.raises(StoreError):
        store.write_statement("run-1", b"x")
    key = site.log_key
    with (
        pytest.raises(StoreError),
        store.open_log(key=key.note_key("a/b"), sign=key.sign, clock=site.clock),
    ):
        pass


def test_the_files_of_a_folder_are_listed_in_order_without_those_outside(tmp_path: Path) -> None:
    for path in ("log/b", "log/a/c", "blobs/x", "other"):
        write_file(tmp_path, path, b"data")
    reader = FolderReader(tmp_path)
    assert list(reader.paths("log")) == ["log/a/c", "log/b"]
    assert list(reader.paths("runs")) == []
    assert b"".join(reader.chunks("log/b")) == b"data"
    with pytest.raises(VerificationError, match="missing"):
        list(reader.chunks("log/none"))


def test_links_are_listed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("secret")
    log = tmp_path / "store" / "log"
    log.mkdir(parents=True)
    (log / "file").symlink_to(tmp_path / "outside" / "file")
    (log / "folder").symlink_to(tmp_path / "outside")
    reader = FolderReader(tmp_path / "store")
    assert list(reader.paths("log")) == ["log/file", "log/folder"]
    for path in ("log/file", "log/folder"):
        with pytest.raises(StoreError, match="not a plain file"):
            list(reader.chunks(path))


def test_a_file_in_the_place_of_a_folder_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    with pytest.raises(StoreError):
        FolderReader(tmp_path).paths("log")


def test_a_file_that_was_not_published_leaves_nothing(tmp_path: Path) -> None:
    with NewFile(tmp_path) as file:
        file.write(b"half")
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_a_whole_store_on_disk_verifies(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.record_run("run-1", [b"one", b"two"])
    report = site.verify()
    assert report.exit_code == 0
    assert [step.verdict for step in report.steps] == [
        "ok",
        "ok",
        "warning",
        "ok",
        "ok",
        "warning",
        "ok",
        "ok",
        "ok",
    ]


def test_a_folder_that_may_not_be_searched_is_no_empty_store(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("log")  # a name that cannot be followed
    with pytest.raises(StoreError):
        LocalStore(tmp_path).checkpoint()


def test_what_a_dead_writer_left_is_removed_after_a_day(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.record_run("run-1", [])
    leftover, fresh = (site.store.folder / "tmp" / name for name in ("old", "new"))
    for path, age in ((leftover, timedelta(days=2)), (fresh, timedelta(hours=1))):
        path.write_bytes(b"x")
        time = (BEGIN - age).timestamp()
        os.utime(path, (time, time))
    with site.open():
        assert not leftover.exists()
        assert fresh.exists()
