"""A zip file as the reader port of verification, safe on files that were made to do harm.

Only the plain form that `app.export` writes is accepted: members stored or deflated, one after the
other, nothing before, between them or after; plain relative names, no links, no encryption, no
comment. The directory is checked before it is loaded, and members are unpacked piece by piece.
Standard: PKWARE APPNOTE 6.3.10, with ZIP64.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from auditor.errors import StoreError, VerificationError
from auditor.store.files import CHUNK, store_errors

MAX_MEMBERS = 400_000
MAX_DIRECTORY = 96 * 1024 * 1024
MAX_RATIO = 200
"""Largest ratio of a member's size to its packed size, past the first megabyte."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*", re.ASCII)
_MAX_NAME = 255
_DEFLATE_OPTIONS = 0x0006  # bits that only say how hard the packer tried
_HEADER = struct.Struct("<4s5H3L2H")
_IN_ZIP64 = 0xFFFFFFFF  # the size is in the ZIP64 field
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_64_REST = _END_64.size - 12  # its own length field leaves out signature and itself
_NO_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,  # also text that is not UTF-8
)


class ZipReader:
    """The members of a zip file; a `store.source.FileSource`.

    Nothing is read before it is asked for. Whatever is wrong with the file as a zip file is a
    VerificationError of the first question.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def paths(self, folder: str) -> Iterator[str]:
        """All members below a folder, sorted; all of them for "".

        Raises:
            VerificationError: Not a zip file of the plain form.
            StoreError: It cannot be read.
        """
        if not folder:
            return iter(self._names)
        first = bisect_left(self._names, f"{folder}/")
        last = bisect_left(self._names, f"{folder}0")  # the character after the stroke
        return iter(self._names[first:last])

    def exists(self, path: str) -> bool:
        """True when there is such a member."""
        return path in self._members

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a member, in pieces of a megabyte.

        Raises:
            VerificationError: No such member, or it does not unpack to what it says.
            StoreError: The file cannot be read.
        """
        member = self._members.get(path)
        if member is None:
            raise VerificationError("the file is missing", where=path)
        size = 0
        with self._reading(path), self._archive.open(member) as file:
            while piece := file.read(CHUNK):
                size += len(piece)
                yield piece
            if size != member.file_size:
                raise VerificationError(f"unpacks to {size} bytes, not {member.file_size}")

    def close(self) -> None:
        """Close the file, where it was opened."""
        if "_archive" in self.__dict__:
            self._archive.close()
            self.__dict__.clear()

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        with self._reading(""):
            with self._path.open("rb") as file:
                _check_end(file)
            return zipfile.ZipFile(self._path)

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        with self._reading(""):
            infos = self._archive.infolist()
            members: dict[str, zipfile.ZipInfo] = {}
            for info in infos:
                _check_member(info)
                if info.filename in members:
                    raise VerificationError("two members of one name", where=info.filename)
                members[info.filename] = info
            with self._path.open("rb") as file:
                _check_places(file, infos, self._archive.start_dir)
            return members

    @cached_property
    def _names(self) -> list[str]:
        return sorted(self._members)

    @contextmanager
    def _reading(self, where: str) -> Iterator[None]:
        """Whatever the zip library makes of a bad file is one kind of error."""
        place = where or self._path.name
        with store_errors(place):
            try:
                yield
            except VerificationError as error:
                at = error.where or place
                raise VerificationError(error.message, where=at) from error
            except StoreError:
                raise
            except _NO_ZIP as error:
                raise VerificationError(f"not a sound zip file: {error}", where=place) from error


def _check_end(file: BinaryIO) -> None:
    """The end records: where the directory stands and how large it is, before it is loaded."""
    size = file.seek(0, 2)
    end = max(size - _END.size, 0)
    file.seek(end)
    data = file.read(_END.size)
    if len(data) < _END.size or data[:4] != b"PK\x05\x06":
        raise VerificationError("does not end like a zip file: cut off, or no zip file")
    _sign, disk, first_disk, here, members, length, start, comment = _END.unpack(data)
    if disk or first_disk or here != members or comment:
        raise VerificationError("a zip file in parts, or with a comment")
    found = _end_64(file, end)
    if found is not None:
        end, members, length, start = found
    if members > MAX_MEMBERS or length > MAX_DIRECTORY:
        raise VerificationError(
            f"{members} members in a directory of {length} bytes, expected at most {MAX_MEMBERS}"
        )
    if start + length != end:
        raise VerificationError("bytes before the first member, or after the directory")
    _check_count(file, start, length, members)


def _end_64(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    """Where the ZIP64 record stands, members, directory's length and start; None without one."""
    at = end - _LOCATOR.size
    if at < 0:
        return None
    file.seek(at)
    sign, disk, place, disks = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if sign != b"PK\x06\x07":
        return None
    if disk or disks != 1 or place != at - _END_64.size or place < 0:
        raise VerificationError("the ZIP64 end record is not where it belongs")
    file.seek(place)
    sign, rest, _by, _for, number, first, here, members, length, start = _END_64.unpack(
        file.read(_END_64.size)
    )
    if sign != b"PK\x06\x06" or rest != _END_64_REST or number or first or here != members:
        raise VerificationError("the ZIP64 end record is malformed")
    return place, members, length, start


def _check_count(file: BinaryIO, start: int, length: int, members: int) -> None:
    """The directory has as many records as the end says: others must not hide among them."""
    file.seek(start)
    directory = file.read(length)
    at = count = 0
    while at < len(directory):
        if directory[at : at + 4] != b"PK\x01\x02" or count >= members:
            raise VerificationError("the directory holds something else than its members")
        name, extra, comment = struct.unpack_from("<3H", directory, at + 28)
        if comment:
            raise VerificationError("a member has a comment")
        at += 46 + name + extra
        count += 1
    if count != members or at != len(directory):
        raise VerificationError(f"the directory has {count} members, its end says {members}")


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.filename
    if info.orig_filename != name or _NAME.fullmatch(name) is None or len(name) > _MAX_NAME:
        raise VerificationError(f"a member's name is no plain relative path: {name[:80]!r}")
    if info.flag_bits & ~_DEFLATE_OPTIONS:
        raise VerificationError("encrypted, or of a form that is not written here", where=name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise VerificationError(f"packed by method {info.compress_type}", where=name)
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise VerificationError("a link or a special file", where=name)
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        raise VerificationError("stored with another size than it has", where=name)
    if info.file_size > CHUNK + MAX_RATIO * info.compress_size:
        raise VerificationError(
            f"{info.compress_size} bytes that unpack to {info.file_size}", where=name
        )


def _check_places(file: BinaryIO, infos: list[zipfile.ZipInfo], end: int) -> None:
    """Members lie one after the other, and say of themselves what the directory says.

    Who unpacks from the beginning, without the directory, must see the same files.
    """
    at = 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        if info.header_offset != at:
            raise VerificationError("members overlap, or bytes are hidden", where=info.filename)
        at += _header_size(file, info) + info.compress_size
    if at != end:
        raise VerificationError("bytes between the last member and the directory, or shared")


def _header_size(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """The size of a member's own header, which must agree with the directory."""
    file.seek(info.header_offset)
    sign, _version, flags, method, _time, _date, crc, packed, size, name, extra = _HEADER.unpack(
        file.read(_HEADER.size)
    )
    said = (sign, flags, method, crc, name)
    listed = (b"PK\x03\x04", info.flag_bits, info.compress_type, info.CRC, len(info.filename))
    sizes = (packed, info.compress_size), (size, info.file_size)
    if said != listed or any(here not in (_IN_ZIP64, there) for here, there in sizes):
        raise VerificationError("its header contradicts the directory", where=info.filename)
    whole: int = _HEADER.size + name + extra
    return whole
