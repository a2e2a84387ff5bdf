"""Zip files that were made to do harm are refused, and none of them costs memory or time."""

from __future__ import annotations

import io
import os
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import AuditorError, StoreError, VerificationError
from auditor.store.zip_reader import MAX_MEMBERS, ZipReader

Members = dict[str, bytes]


def packed(members: Members, method: int = zipfile.ZIP_STORED) -> bytearray:
    """A zip file of the plain form."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            info.external_attr = 0o100644 << 16
            file.writestr(info, data)
    return bytearray(buffer.getvalue())


def read(folder: Path, data: bytes | bytearray) -> Members:
    """Every member, as the reader gives them."""
    path = folder / "x.zip"
    path.write_bytes(data)
    reader = ZipReader(path)
    try:
        return {name: b"".join(reader.chunks(name)) for name in reader.paths("")}
    finally:
        reader.close()


def refused(folder: Path, data: bytes | bytearray, match: str) -> None:
    with pytest.raises(VerificationError, match=match):
        read(folder, data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_plain_zip_file_is_read(tmp_path: Path, method: int) -> None:
    members = {"a/b.json": b"{}", "log/checkpoint": b"text\n" * 1000, "x": b""}
    assert read(tmp_path, packed(members, method)) == members


def test_folders_are_listed_by_their_whole_name(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(packed({"a/1": b"", "ab/2": b"", "a-b/3": b"", "a/c/4": b""}))
    reader = ZipReader(path)
    assert list(reader.paths("a")) == ["a/1", "a/c/4"]
    assert list(reader.paths("b")) == []
    assert reader.exists("ab/2")
    assert not reader.exists("ab")
    with pytest.raises(VerificationError, match="missing"):
        list(reader.chunks("ab"))
    reader.close()
    reader.close()


@pytest.mark.parametrize(
    "name",
    [
        "../x", "/etc/passwd", "a/../../b", "a//b", "./a", "C:\\x", "a\\b", "a b", "\u00e4", ".x",
        "x" * 256,
    ],
)  # fmt: skip
def test_names_that_are_no_plain_relative_path_are_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, packed({name: b"data"}), "no plain relative path|not sound|not a sound|form")


def test_a_name_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    data = bytes(packed({"abcd": b""})).replace(b"abcd", b"ab\0d")
    refused(tmp_path, data, "no plain relative path")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    data = bytes(packed({"a": b"1", "b": b"2"})).replace(b"b\x00", b"b\x00")
    two = bytearray(data)
    for at in range(len(two)):
        if two[at : at + 1] == b"b" and at > 30:
            two[at] = ord("a")
    refused(tmp_path, bytes(two), "two members of one name")


def test_a_link_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    refused(tmp_path, buffer.getvalue(), "link")


def central(data: bytearray) -> int:
    """Where the first record of the directory stands."""
    return data.index(b"PK\x01\x02")


@pytest.mark.parametrize("bit", [0x0001, 0x0008, 0x0020, 0x0040, 0x2000])
def test_encrypted_members_and_other_forms_are_refused(tmp_path: Path, bit: int) -> None:
    data = packed({"a": b"secret"})
    struct.pack_into("<H", data, central(data) + 8, bit)
    refused(tmp_path, data, "encrypted")


def test_another_method_of_packing_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, packed({"a": b"data" * 99}, zipfile.ZIP_LZMA), "form|method")
    refused(tmp_path, packed({"a": b"data" * 99}, zipfile.ZIP_BZIP2), "method")


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    data = packed({"a": b"evidence"})
    data[data.index(b"evidence")] ^= 1
    refused(tmp_path, data, "CRC")


@pytest.mark.parametrize("size", [0, 4, 1 << 31])
def test_a_member_that_has_another_size_than_it_says_is_refused(tmp_path: Path, size: int) -> None:
    data = packed({"a": os.urandom(64)}, zipfile.ZIP_DEFLATED)
    struct.pack_into("<L", data, central(data) + 24, size)
    if size < 1 << 31:
        refused(tmp_path, data, "its header contradicts the directory")
    struct.pack_into("<L", data, 22, size)
    refused(tmp_path, data, "unpack|CRC|sound")


def test_a_member_that_would_fill_the_disk_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = packed({"a": b"\0" * (64 << 20)}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    refused(tmp_path, bomb, "unpack to")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """Quoted overlap: a member holds the header of the next, so that few bytes are many."""
    data = packed({"a": b"x" * 200, "b": b"y" * 50})
    first = central(data)
    second = data.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<L", data, second + 42, 10)  # into the data of the first
    refused(tmp_path, data, "overlap")


def test_a_member_that_only_readers_without_the_directory_see_is_refused(tmp_path: Path) -> None:
    data = packed({"a": b"1", "b": b"2"})
    first = central(data)
    second = data.index(b"PK\x01\x02", first + 4)
    at = struct.unpack_from("<L", data, second + 42)[0]
    hidden = bytes(packed({"c": b"3"}))
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    between = bytearray(data[:at] + hidden + data[at:])
    struct.pack_into("<L", between, second + len(hidden) + 42, at + len(hidden))
    struct.pack_into("<L", between, between.rindex(b"PK\x05\x06") + 16, first + len(hidden))
    refused(tmp_path, between, "bytes are hidden")
    behind = bytearray(data[:first] + hidden + data[first:])
    struct.pack_into("<L", behind, behind.rindex(b"PK\x05\x06") + 16, first + len(hidden))
    refused(tmp_path, behind, "between the last member and the directory")


@pytest.mark.parametrize("place", [6, 8, 14, 18, 22])
def test_a_header_that_says_otherwise_than_the_directory_is_refused(
    tmp_path: Path, place: int
) -> None:
    data = packed({"a": b"evidence"})
    data[place] ^= 2
    refused(tmp_path, data, "its header contradicts the directory")


def test_bytes_before_the_first_member_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, b"#!/bin/sh\n" + bytes(packed({"a": b"1"})), "bytes before|sound")


def test_bytes_after_the_end_and_comments_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, bytes(packed({"a": b"1"})) + b"x", "does not end like")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a", b"1")
        file.comment = b"look here"
    refused(tmp_path, buffer.getvalue(), "does not end like|comment")


@pytest.mark.parametrize("kept", [0, 1, 21, 22, 60, 100])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    data = bytes(packed({"a": b"1" * 100, "b": b"2"}))
    refused(tmp_path, data[:kept], "does not end like|not a sound")
    refused(tmp_path, data[kept + 1 :], "does not end like|bytes before|sound")


def test_a_directory_of_millions_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    record = b"PK\x01\x02" + bytes(42)
    count = MAX_MEMBERS + 1
    path = tmp_path / "x.zip"
    with path.open("wb") as file:
        for _ in range(count):
            file.write(record)
        length = 46 * count
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, 0))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, length, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, length, 0, 0))
    begun = time.process_time()
    with pytest.raises(VerificationError, match="members in a directory"):
        list(ZipReader(path).paths(""))
    assert time.process_time() - begun < 1


def test_a_directory_that_hides_a_member_is_refused(tmp_path: Path) -> None:
    data = packed({"a": b"1", "b": b"2"})
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<2H", data, end + 8, 1, 1)
    refused(tmp_path, data, "something else|members, its end")


def test_a_zip_of_more_than_4_gigabytes_form_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        info = zipfile.ZipInfo("big", (1980, 1, 1, 0, 0, 0))
        with file.open(info, "w", force_zip64=True) as member:
            member.write(b"not really")
    assert read(tmp_path, buffer.getvalue()) == {"big": b"not really"}


def test_more_members_than_the_old_form_counts_are_read(tmp_path: Path) -> None:
    members = {f"m/{number}": b"" for number in range(66_000)}
    data = packed(members)
    assert b"PK\6\6" in data
    assert read(tmp_path, data) == members
    moved = bytes(data).replace(b"PK\6\6", b"PK\6\0")
    refused(tmp_path, moved, "ZIP64")


def test_a_file_that_cannot_be_read_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        list(ZipReader(tmp_path).paths(""))


def _damaged(change: Callable[[bytearray], None]) -> bytes:
    data = packed({"a/b": b"evidence" * 20, "c": b"more"}, zipfile.ZIP_DEFLATED)
    change(data)
    return bytes(data)


@given(at=st.integers(0, 10_000), value=st.integers(1, 255))
def test_whatever_byte_is_changed_nothing_but_an_error_of_ours_comes_out(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    def change(data: bytearray) -> None:
        data[at % len(data)] ^= value

    folder = tmp_path_factory.mktemp("zip")
    try:
        found = read(folder, _damaged(change))
    except AuditorError:
        return
    assert set(found.values()) <= {b"evidence" * 20, b"more"}
