"""Backups read to their end: whole ones, and one fault each."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import random
import tarfile
from collections.abc import Callable

import pytest

from auditor.collectors.host.backup.content import Content, LimitError, NoToolError, inspect

_LIMIT = 2**30
_MYSQL = b"-- MySQL dump 10.13\n--\nCREATE TABLE `a` (x int);\nINSERT INTO a VALUES (1);\n"
_MYSQL_END = b"\n-- Dump completed on 2026-03-31  2:00:01\n"
_MARIADB = b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n-- Dump completed\n"
_CLUSTER = b"--\n-- PostgreSQL database cluster dump\n--\n"
_CLUSTER_END = b"--\n-- PostgreSQL database cluster dump complete\n--\n\n"
_PG = b"--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.a (x int);\n"
_PG_END = b"--\n-- PostgreSQL database dump complete\n--\n\n"


def _look(data: bytes, limit: int = _LIMIT, zstd: str | None = None) -> Content:
    content = inspect(io.BytesIO(data), limit, zstd)
    assert content.size == len(data)
    assert content.sha256 == hashlib.sha256(data).hexdigest()
    return content


def _tar(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)  # noqa: S311 - test data that is the same each time


_COMPRESSORS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("none", lambda data: data),
    ("gzip", lambda data: gzip.compress(data, mtime=0)),
    ("xz", lzma.compress),
    ("bzip2", bz2.compress),
]


@pytest.mark.parametrize(("name", "compress"), _COMPRESSORS)
def test_complete_dump_in_each_compression(name: str, compress: Callable[[bytes], bytes]) -> None:
    found = _look(compress(_MYSQL + b"x" * 3_000_000 + _MYSQL_END))
    assert (found.compression, found.container) == (name, "mysql_dump")
    assert (found.read_to_end, found.read_error) == (True, None)
    assert found.dump_trailer == "complete"
    assert found.tables == 1
    assert found.content_size == len(_MYSQL) + 3_000_000 + len(_MYSQL_END)


@pytest.mark.parametrize(("name", "compress"), _COMPRESSORS[1:])
def test_cut_compression_is_found_and_the_digest_is_of_the_whole_file(
    name: str, compress: Callable[[bytes], bytes]
) -> None:
    # bzip2 gives nothing before its first block of 900 kB has ended
    whole = compress(_MYSQL + _noise(2_500_000) + _MYSQL_END)
    found = _look(whole[: len(whole) // 2])
    assert not found.read_to_end
    assert found.read_error is not None
    assert found.read_error.startswith(f"{name}: ended early")
    assert found.dump_trailer == "absent"


@pytest.mark.parametrize(("name", "compress"), _COMPRESSORS[1:])
def test_damaged_byte_is_found(name: str, compress: Callable[[bytes], bytes]) -> None:
    data = bytearray(compress(_MYSQL + _noise(200_000) + _MYSQL_END))
    data[len(data) // 2] ^= 0xFF
    found = _look(bytes(data))
    assert not found.read_to_end
    assert found.read_error is not None
    assert name in found.read_error


@pytest.mark.parametrize(("name", "compress"), _COMPRESSORS[1:])
def test_two_members_are_one_content_and_zeros_may_follow(
    name: str, compress: Callable[[bytes], bytes]
) -> None:
    found = _look(compress(_MYSQL) + compress(_MYSQL_END) + b"\0" * 1000)
    assert found.compression == name
    assert found.dump_trailer == "complete"
    odd = _look(compress(_MYSQL) + b"trailing rubbish")
    assert odd.read_error is not None
    assert "other data follow" in odd.read_error


def test_empty_gzip_of_twenty_bytes_is_no_backup() -> None:
    empty = gzip.compress(b"", mtime=0)
    assert len(empty) == 20
    found = _look(empty)
    assert (found.container, found.read_to_end) == ("empty", False)
    assert found.read_error == "gzip: no content"
    assert not _look(b"").read_to_end


@pytest.mark.parametrize(
    ("text", "trailer"),
    [
        (_MYSQL + _MYSQL_END, "complete"),
        (
            _MARIADB,
            "complete",
        ),
        (_MYSQL, "absent"),
        (_MYSQL + _MYSQL_END + b"INSERT INTO b VALUES (1);\n", "absent"),
        (_MYSQL + b"INSERT INTO a VALUES ('\n-- Dump completed on x\n');\n", "absent"),
        (_PG + _PG_END, "complete"),
        (_PG + _PG_END + b"\\unrestrict AbC123\n\n", "complete"),
        (_CLUSTER + _CLUSTER_END, "complete"),
        (_PG, "absent"),
        (b"hello\n" + _MYSQL_END, "not_a_dump"),
    ],
)
def test_trailer_of_a_dump(text: bytes, trailer: str) -> None:
    assert _look(text).dump_trailer == trailer


def test_tables_are_counted_across_pieces() -> None:
    rows = b"".join(b"CREATE TABLE t%d (x int);\n" % n for n in range(100_000))
    assert _look(_PG + rows + _PG_END).tables == 100_001


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_whole_tar_with_secrets_in_it(form: int) -> None:
    long_name = "d/" * 60 + "file"
    data = _tar(
        ("app/.env.production", b"SECRET=1"),
        ("app/readme.md", b"x" * 5000),
        (long_name, b""),
        ("etc/shadow", b"root"),
        ("app/environment.txt", b""),
        form=form,
    )
    found = _look(gzip.compress(data, mtime=0))
    assert (found.container, found.read_to_end) == ("tar", True)
    assert found.tar_members == 5
    assert found.secret_files == ("app/.env.production", "etc/shadow")
    assert found.dump_trailer == "not_a_dump"


def test_tar_with_names_beyond_ascii_and_many_secrets() -> None:
    data = _tar(*((f"größe/{n}.key", b"k") for n in range(30)))
    found = _look(data)
    assert len(found.secret_files) == 20
    assert found.secret_file_count == 30
    assert found.secret_files[0] == "größe/0.key"


def test_tar_that_is_cut_between_two_members_is_not_whole() -> None:
    data = _tar(("a", b"x" * 512), ("b", b"y" * 512))
    between = _look(data[: 2 * 512])
    assert between.read_error == "tar: ended early, after 1 members"
    assert not _look(data[: 3 * 512 + 100]).read_to_end
    assert not _look(data[: 4 * 512]).read_to_end
    assert _look(data[: 6 * 512]).read_to_end


def test_tar_with_a_damaged_header_is_not_whole() -> None:
    data = bytearray(_tar(("a", b"x" * 512), ("b", b"y" * 512)))
    data[2 * 512] ^= 1
    assert _look(bytes(data)).read_error == "tar: damaged header after 1 members"


@pytest.mark.parametrize(
    ("head", "encryption"),
    [
        (b"age-encryption.org/v1\n-> X25519 abc\n", "age"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "age"),
        (b"-----BEGIN PGP MESSAGE-----\n", "gpg"),
        (b"\x85\x02\x0c\x03" + b"k" * 20, "gpg"),
        (b"\x8c\x0d\x04\x09" + b"k" * 20, "gpg"),
        (b"\xc1\xc0\x4c\x03" + b"k" * 20, "gpg"),
        (b"\xc3\x0d\x04\x09" + b"k" * 20, "gpg"),
        (b"Salted__" + b"s" * 20, "openssl"),
        (b"LUKS\xba\xbe\x00\x02", "luks"),
        (b"\x85\x02\x0c\x09 not a packet", "none"),
        (b"plain text that is long enough", "none"),
    ],
)
def test_encryption_by_magic(head: bytes, encryption: str) -> None:
    found = _look(head)
    assert found.encryption == encryption
    assert found.dump_trailer == ("not_a_dump" if encryption == "none" else "encrypted")


def test_random_bytes_are_unknown_encryption_and_text_is_none() -> None:
    assert _look(_noise(100_000)).encryption == "unknown"
    assert _look(b"abc " * 50_000).encryption == "none"
    assert _look(b"abc " * 50_000).entropy < 3


def test_sqlite_shorter_than_its_header_states() -> None:
    head = b"SQLite format 3\0" + (4096).to_bytes(2, "big") + b"\0" * 10 + (2).to_bytes(4, "big")
    whole = head.ljust(8192, b"\0")
    assert (_look(whole).container, _look(whole).read_to_end) == ("sqlite", True)
    assert _look(whole[:5000]).read_error == "sqlite: 5000 bytes, and the header states 8192"


def test_custom_dump_of_postgresql_has_no_trailer_to_see() -> None:
    assert _look(b"PGDMP" + b"x" * 1000).dump_trailer is None


def test_bomb_stops_at_the_limit_in_little_memory() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    with pytest.raises(LimitError, match="more than 1000000 bytes"):
        inspect(io.BytesIO(bomb), 1_000_000, None)


def test_zstd_needs_its_program() -> None:
    with pytest.raises(NoToolError):
        inspect(io.BytesIO(b"\x28\xb5\x2f\xfd" + os.urandom(10)), _LIMIT, None)
