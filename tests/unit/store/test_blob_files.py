"""Blobs on disk: written once, proven when read."""

from __future__ import annotations

import hashlib
import os
import threading
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.errors import StoreError, VerificationError
from auditor.ledger.blobs import CHUNK
from auditor.store.blob_files import BlobFiles


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_a_blob_lies_under_its_digest_and_reads_back(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    reference = blobs.put(b"evidence")
    name = hashlib.sha256(b"evidence").hexdigest()
    assert files(tmp_path) == [tmp_path / "blobs" / "sha256" / name[:2] / name[2:]]
    assert blobs.get(reference) == b"evidence"
    assert blobs.get(blobs.put(b"")) == b""


def test_the_same_blob_is_not_written_twice(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    reference = blobs.put(b"evidence")
    before = (tmp_path / reference.path).stat()
    assert blobs.put(b"evidence") == reference
    after = (tmp_path / reference.path).stat()
    assert before.st_ino == after.st_ino


def test_a_blob_that_is_stored_again_is_young_again(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    reference = blobs.put(b"evidence")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    os.utime(tmp_path / reference.path, (long_ago.timestamp(), long_ago.timestamp()))
    blobs.put(b"evidence")
    assert not blobs.erase(reference, before=long_ago + timedelta(days=1))
    assert blobs.erase(reference, before=datetime.now(UTC) + timedelta(days=1))
    assert files(tmp_path) == []
    assert blobs.erase(reference, before=long_ago)  # it is gone


def test_a_large_stream_reads_back_in_pieces(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    piece = os.urandom(CHUNK)
    reference = blobs.put_stream(piece for _ in range(8))
    assert reference.size == 8 * CHUNK
    pieces = list(blobs.stream(reference))
    assert max(map(len, pieces)) <= CHUNK
    assert b"".join(pieces) == piece * 8


def test_a_blob_packed_by_another_zlib_keeps_its_stored_form(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    path = tmp_path / blobs.put(b"evidence " * 99).path
    other = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = other.compress(b"evidence " * 99) + other.flush()
    path.write_bytes(packed)
    reference = blobs.put(b"evidence " * 99)
    assert path.read_bytes() == packed
    assert reference.stored.size == len(packed)
    assert blobs.get(reference) == b"evidence " * 99


@pytest.mark.parametrize("damage", [b"", b"other"])
def test_a_damaged_blob_is_neither_returned_nor_covered_up(tmp_path: Path, damage: bytes) -> None:
    blobs = BlobFiles(tmp_path)
    reference = blobs.put(b"evidence")
    (tmp_path / reference.path).write_bytes(damage)
    for action in (lambda: blobs.get(reference), lambda: blobs.put(b"evidence")):
        with pytest.raises(VerificationError) as caught:
            action()
        assert caught.value.where == reference.path
    assert (tmp_path / reference.path).read_bytes() == damage


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    reference = blobs.put(b"evidence")
    (tmp_path / reference.path).unlink()
    with pytest.raises(VerificationError, match="missing"):
        blobs.get(reference)


def test_writers_of_one_blob_do_not_disturb_each_other(tmp_path: Path) -> None:
    blobs = BlobFiles(tmp_path)
    data = [b"%d" % (number % 5) * 1000 for number in range(40)]
    threads = [threading.Thread(target=blobs.put, args=(item,)) for item in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files(tmp_path)) == 5
    for item in data:
        assert blobs.get(blobs.put(item)) == item


def test_a_failing_source_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise ValueError("the source broke off")

    with pytest.raises(ValueError, match="broke off"):
        BlobFiles(tmp_path).put_stream(broken() for _ in range(2))
    assert files(tmp_path) == []


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="refuses"):
        BlobFiles(tmp_path / "store").put(b"evidence")
