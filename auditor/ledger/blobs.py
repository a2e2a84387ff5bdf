"""Blobs: evidence named by the digest of its bytes, compressed at rest.

A reference holds two digests: of the plain bytes, which is what people and statements name, and of
the stored bytes, so that a flipped bit in the compressed form is found even where decompressing
hides it. The file format is gzip (RFC 1952) without name and time: equal bytes give equal files.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from auditor.core.canonical import MAX_INT
from auditor.errors import VerificationError

CHUNK = 1 << 20
_GZIP = 31  # zlib's window bits that mean: gzip, 32 kB window
_LEVEL = 6
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=MAX_INT)]
Encoding = Literal["gzip", "identity"]


class LogModel(BaseModel):
    """A part of a log entry: frozen, nothing unknown, no value bent into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Stored(LogModel):
    """The file that holds a blob: how it is encoded, digest and size of its bytes."""

    encoding: Encoding
    digest: Digest
    size: Count


class BlobRef(LogModel):
    """A blob: digest and size (bytes) of the plain bytes, and how they are stored."""

    digest: Digest
    size: Count
    stored: Stored

    @property
    def path(self) -> str:
        """Where it lies in a store."""
        return blob_path(self.digest)


def blob_path(digest: str) -> str:
    """`blobs/sha256/ab/cd...` of `sha256:abcd...`."""
    name = digest.removeprefix("sha256:")
    return f"blobs/sha256/{name[:2]}/{name[2:]}"


class BlobEncoder:
    """Compresses and digests a stream of bytes; `reference` is known after `finish`."""

    def __init__(self) -> None:
        self._plain = hashlib.sha256()
        self._stored = hashlib.sha256()
        self._sizes = [0, 0]
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def update(self, data: bytes) -> bytes:
        """The next bytes to store; may be empty."""
        self._plain.update(data)
        self._sizes[0] += len(data)
        return self._count(self._compressor.compress(data))

    def finish(self) -> bytes:
        """The last bytes to store."""
        return self._count(self._compressor.flush())

    @property
    def reference(self) -> BlobRef:
        """The reference of everything so far."""
        return BlobRef(
            digest=f"sha256:{self._plain.hexdigest()}",
            size=self._sizes[0],
            stored=Stored(
                encoding="gzip",
                digest=f"sha256:{self._stored.hexdigest()}",
                size=self._sizes[1],
            ),
        )

    def _count(self, data: bytes) -> bytes:
        self._stored.update(data)
        self._sizes[1] += len(data)
        return data


def decode_blob(reference: BlobRef, stored: Iterable[bytes]) -> Iterator[bytes]:
    """The plain bytes of a stored blob, piece by piece.

    The pieces are proven only when the iterator ends without raising. Memory is bounded by the
    pieces, and no more is unpacked than the reference says.

    Args:
        reference: As the log has it.
        stored: The bytes of the file.

    Raises:
        VerificationError: A digest or size differs, or the compression is broken.
    """
    plain, plain_size = hashlib.sha256(), 0
    for piece in _unpacked(reference, _stored_bytes(reference, stored)):
        plain.update(piece)
        plain_size += len(piece)
        if plain_size > reference.size:
            raise VerificationError(f"unpacks to more than the {reference.size} bytes recorded")
        yield piece
    if plain_size != reference.size:
        raise VerificationError(f"unpacks to {plain_size} bytes, {reference.size} are recorded")
    if f"sha256:{plain.hexdigest()}" != reference.digest:
        raise VerificationError(f"the {plain_size} unpacked bytes have another digest")


def _stored_bytes(reference: BlobRef, stored: Iterable[bytes]) -> Iterator[bytes]:
    seen, size = hashlib.sha256(), 0
    for piece in stored:
        seen.update(piece)
        size += len(piece)
        if size > reference.stored.size:
            break
        yield piece
    if size != reference.stored.size:
        raise VerificationError(
            f"got {size} stored bytes or more, expected {reference.stored.size}"
            if size > reference.stored.size
            else f"got {size} stored bytes, expected {reference.stored.size}"
        )
    if f"sha256:{seen.hexdigest()}" != reference.stored.digest:
        raise VerificationError("the stored bytes have another digest than the log says")


def _unpacked(reference: BlobRef, stored: Iterator[bytes]) -> Iterator[bytes]:
    if reference.stored.encoding == "identity":
        yield from stored
        return
    gunzip = zlib.decompressobj(_GZIP)
    for piece in stored:
        rest = piece
        while rest and not gunzip.eof:
            yield _inflate(gunzip, rest)
            rest = gunzip.unconsumed_tail
    if not gunzip.eof or gunzip.unused_data:
        raise VerificationError("the compressed file is cut off or has bytes after its end")


def _inflate(gunzip: zlib._Decompress, data: bytes) -> bytes:
    try:
        return gunzip.decompress(data, CHUNK)
    except zlib.error as error:
        raise VerificationError(f"the compression is broken: {error}") from error
