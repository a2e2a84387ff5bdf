"""Reading a backup to its very end in constant memory: digest, layers, archive or dump.

Every byte of the file is hashed even where its content breaks early, so that the digest can
always be compared. zstd is decompressed by the zstd program, as Python 3.11 cannot.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import subprocess
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from auditor.collectors.host.backup.dump import DumpScanner, dump_kind
from auditor.collectors.host.backup.magic import (
    MIB,
    compression_of,
    encryption_of,
    entropy_of,
    looks_random,
)
from auditor.collectors.host.backup.tar import TarError, TarScanner, is_tar

_HEAD = 512  # one tar block
_SQLITE_HEADER = 100
_XZ_MEMORY = 512 * MIB


class BrokenError(ValueError):
    """The content ends early or is damaged; the message says which layer and where."""


class LimitError(ValueError):
    """More content than may be read."""


class NoToolError(ValueError):
    """The program that decompresses it is not there."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds. `dump_trailer` is None where its tool alone could tell."""

    size: int
    sha256: str
    compression: str
    container: str
    encryption: str
    read_to_end: bool
    read_error: str | None
    dump_trailer: str | None
    tables: int | None
    tar_members: int | None
    secret_files: tuple[str, ...]
    secret_file_count: int
    content_size: int
    entropy: float


class _Decompressor(Protocol):
    """What zlib, lzma and bz2 objects have in common."""

    @property
    def eof(self) -> bool:
        """Its stream has ended properly."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows that end."""
        ...


@dataclass
class _Source:
    """A file that counts and hashes what is read, and keeps its first MiB."""

    stream: BinaryIO
    size: int = 0
    head: bytearray = field(default_factory=bytearray)
    hash: object = field(default_factory=hashlib.sha256)

    def read(self) -> bytes:
        data = self.stream.read(MIB)
        self.size += len(data)
        self.hash.update(data)  # type: ignore[attr-defined]  # hashlib's own type is private
        if len(self.head) < MIB:
            self.head += data[: MIB - len(self.head)]
        return data


def inspect(stream: BinaryIO, limit: int, zstd: str | None) -> Content:
    """The facts of a backup file.

    Args:
        stream: The file at its beginning, unbuffered or not.
        limit: Most bytes of content to decompress.
        zstd: Path of the zstd program, None if there is none.

    Raises:
        LimitError: More content than `limit`.
        NoToolError: zstd is needed and absent.
        OSError: Reading failed.
    """
    source = _Source(stream)
    first = source.read()
    compression = compression_of(first)
    outer = encryption_of(first)
    sink = _Sink(limit)
    error: str | None = None
    try:
        with closing(_plain(source, first, compression, zstd)) as pieces:
            for piece in pieces:
                sink.feed(piece)
        sink.finish()
    except (BrokenError, TarError) as broken:
        error = str(broken)
    while source.read():  # what follows a break is hashed too
        pass
    if sink.size == 0 and error is None:
        error = "no content: an empty file" if source.size == 0 else f"{compression}: no content"
    return _content(source, sink, compression, outer, error)


def _content(
    source: _Source, sink: _Sink, compression: str, outer: str, error: str | None
) -> Content:
    entropy = entropy_of(bytes(source.head))
    container = sink.container
    encryption = outer if outer != "none" else encryption_of(sink.head)
    if (encryption, compression, container) == ("none", "none", "opaque") and looks_random(
        entropy, len(source.head)
    ):
        encryption = "unknown"
    return Content(
        size=source.size,
        sha256=source.hash.hexdigest(),  # type: ignore[attr-defined]  # as above
        compression=compression,
        container=container,
        encryption=encryption,
        read_to_end=error is None,
        read_error=error,
        dump_trailer=_trailer(sink, encryption, broken=error is not None),
        tables=sink.dump.tables if sink.dump else None,
        tar_members=sink.tar.members if sink.tar else None,
        secret_files=tuple(sink.tar.secret_files) if sink.tar else (),
        secret_file_count=sink.tar.secret_count if sink.tar else 0,
        content_size=sink.size,
        entropy=entropy,
    )


def _trailer(sink: _Sink, encryption: str, *, broken: bool) -> str | None:
    if encryption != "none":
        return "encrypted"
    if sink.dump:
        return "complete" if sink.dump_complete and not broken else "absent"
    return None if sink.container == "postgresql_custom" else "not_a_dump"


class _Sink:
    """Looks at the content behind the compression."""

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.head = b""
        self.container = "empty"
        self.tar: TarScanner | None = None
        self.dump: DumpScanner | None = None
        self.dump_complete = False
        self._limit = limit
        self._waiting = b""

    def feed(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            raise LimitError(f"more than {self._limit} bytes of content")
        if not self.head:
            # A decompressor may give its first bytes in small pieces: wait for one tar block.
            self._waiting += data
            if len(self._waiting) < _HEAD:
                return
            data = self._begin()
        self._look(data)

    def finish(self) -> None:
        if not self.head and self._waiting:
            self._look(self._begin())
        if self.tar:
            self.tar.finish()
        if self.dump:
            self.dump_complete = self.dump.finish()
        _check_sqlite(self.head, self.size)

    def _begin(self) -> bytes:
        data, self._waiting = self._waiting, b""
        self.head = data[:_HEAD]
        kind = dump_kind(self.head)
        if kind:
            self.container, self.dump = kind, DumpScanner(kind)
        elif is_tar(self.head):
            self.container, self.tar = "tar", TarScanner()
        elif self.head.startswith(b"PGDMP"):
            self.container = "postgresql_custom"
        elif self.head.startswith(b"SQLite format 3\0"):
            self.container = "sqlite"
        else:
            self.container = "opaque"
        return data

    def _look(self, data: bytes) -> None:
        if self.tar:
            self.tar.feed(data)
        elif self.dump:
            self.dump.feed(data)


def _check_sqlite(head: bytes, size: int) -> None:
    """The header of a database states its pages (sqlite.org/fileformat.html, 1.3)."""
    if not head.startswith(b"SQLite format 3\0") or len(head) < _SQLITE_HEADER:
        return
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    stated = (65_536 if page == 1 else page) * pages
    if stated and size < stated:
        raise BrokenError(f"sqlite: {size} bytes, and the header states {stated}")


def _plain(
    source: _Source, first: bytes, compression: str, zstd: str | None
) -> Generator[bytes, None, None]:
    if compression == "none":
        piece = first
        while piece:
            yield piece
            piece = source.read()
    elif compression == "zstd":
        yield from _zstd(source, first, zstd)
    else:
        yield from _decompressed(source, first, compression)


def _decompressed(source: _Source, first: bytes, kind: str) -> Iterator[bytes]:
    """All members one after the other; zeros may pad the end, and nothing else may follow."""
    engine = _engine(kind)
    data = first
    while True:
        try:
            yield from _drained(engine, data, kind)
        except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
            raise BrokenError(f"{kind}: {error}, after {source.size} bytes") from error
        if not engine.eof:
            data = source.read()
            if not data:
                raise BrokenError(f"{kind}: ended early after {source.size} bytes")
            continue
        data = engine.unused_data.lstrip(b"\0")
        while not data:
            data = source.read()
            if not data:
                return
            data = data.lstrip(b"\0")
        if compression_of(data) != kind:
            raise BrokenError(f"{kind}: other data follow its end")
        engine = _engine(kind)


def _engine(kind: str) -> _Decompressor:
    if kind == "gzip":
        return zlib.decompressobj(wbits=31)
    if kind == "xz":
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    return bz2.BZ2Decompressor()


def _drained(engine: _Decompressor, data: bytes, kind: str) -> Iterator[bytes]:
    """The content of one piece, at most a MiB at a time, however much it expands."""
    if kind == "gzip":
        while data or not engine.eof:
            yield engine.decompress(data, MIB)  # type: ignore[attr-defined]  # zlib's name for it
            data = engine.unconsumed_tail  # type: ignore[attr-defined]  # idem
            if not data:
                return
        return
    yield engine.decompress(data, MIB)  # type: ignore[attr-defined]  # lzma's and bz2's
    while not engine.eof and not engine.needs_input:  # type: ignore[attr-defined]  # idem
        yield engine.decompress(b"", MIB)  # type: ignore[attr-defined]  # idem


def _zstd(source: _Source, first: bytes, program: str | None) -> Iterator[bytes]:
    """Hash the file first, then let zstd read it again from the same descriptor."""
    del first
    if program is None:
        raise NoToolError("zstd is not installed")
    while source.read():
        pass
    source.stream.seek(0)
    with subprocess.Popen(  # noqa: S603 - absolute path of the system's own folders, no shell
        [program, "-dc", "-q", "--memory=512MB"],
        stdin=source.stream,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LC_ALL": "C"},
    ) as child:
        if child.stdout is None:  # PIPE was asked for
            raise NoToolError("zstd gives no output")
        try:
            while piece := child.stdout.read(MIB):
                yield piece
        except GeneratorExit:
            child.kill()
            raise
        code = child.wait()
    source.stream.seek(0, 2)
    if code != 0:
        raise BrokenError(f"zstd: ended early or damaged (status {code})")
