"""Blobs: equal bytes give equal files, and every changed byte of a file is found."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auditor.errors import VerificationError
from auditor.ledger.blobs import CHUNK, BlobEncoder, BlobRef, Stored, blob_path, decode_blob


def pack(data: bytes, piece: int = 100) -> tuple[BlobRef, bytes]:
    encoder = BlobEncoder()
    parts = [encoder.update(data[at : at + piece]) for at in range(0, len(data), piece)]
    parts.append(encoder.finish())
    return encoder.reference, b"".join(parts)


def unpack(reference: BlobRef, stored: bytes, piece: int = 7) -> bytes:
    pieces = (stored[at : at + piece] for at in range(0, len(stored), piece))
    return b"".join(decode_blob(reference, pieces))


@given(st.binary(max_size=2000), st.integers(1, 500))
def test_a_blob_reads_back_however_it_comes_in(data: bytes, piece: int) -> None:
    reference, stored = pack(data, piece)
    assert pack(data, 100) == (reference, stored)
    assert unpack(reference, stored) == data
    assert gzip.decompress(stored) == data
    assert reference.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert reference.size == len(data)
    assert reference.stored.digest == f"sha256:{hashlib.sha256(stored).hexdigest()}"


def test_every_changed_byte_of_the_stored_form_is_found() -> None:
    reference, stored = pack(b"evidence " * 50)
    for at in range(len(stored)):
        for change in (0x01, 0x80, 0xFF):
            changed = stored[:at] + bytes([stored[at] ^ change]) + stored[at + 1 :]
            with pytest.raises(VerificationError):
                unpack(reference, changed)


def test_every_cut_and_every_addition_is_found() -> None:
    reference, stored = pack(b"evidence " * 50)
    for data in [stored[:at] for at in range(len(stored))] + [stored + b"x", stored + stored]:
        with pytest.raises(VerificationError, match=r"stored bytes|compress"):
            unpack(reference, data)


def lying(reference: BlobRef, stored: bytes, **changes: object) -> BlobRef:
    """A reference made to fit other stored bytes, as a forger would."""
    return reference.model_copy(
        update={
            "stored": Stored(
                encoding="gzip",
                digest=f"sha256:{hashlib.sha256(stored).hexdigest()}",
                size=len(stored),
            )
        }
        | changes
    )


def test_a_bomb_is_not_unpacked_beyond_its_stated_size() -> None:
    bomb, stored = pack(bytes(50 * CHUNK), CHUNK)
    with pytest.raises(VerificationError, match="more than the 10 bytes"):
        next(decode_blob(lying(bomb, stored, size=10), [stored]))


def test_other_plain_bytes_are_found_by_their_digest() -> None:
    reference, _stored = pack(b"true")
    _other, forged = pack(b"nope")
    with pytest.raises(VerificationError, match="another digest"):
        unpack(lying(reference, forged), forged)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (pack(b"data")[1][:-3], "cut off"),
        (pack(b"data")[1] + b"more", "bytes after its end"),
        (b"no gzip at all", "broken"),
        (b"", "cut off"),
    ],
)
def test_a_broken_file_whose_digest_fits_is_found(stored: bytes, message: str) -> None:
    reference, _stored = pack(b"data")
    with pytest.raises(VerificationError, match=message):
        unpack(lying(reference, stored), stored)


def test_a_blob_may_be_stored_as_it_is() -> None:
    data = b"plain"
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    plain = Stored(encoding="identity", digest=digest, size=5)
    assert unpack(BlobRef(digest=digest, size=5, stored=plain), data) == data


def test_the_path_is_the_digest() -> None:
    digest = "sha256:ab" + "0" * 62
    stored = Stored(encoding="gzip", digest=digest, size=1)
    assert BlobRef(digest=digest, size=1, stored=stored).path == blob_path(digest)
    assert blob_path(digest) == "blobs/sha256/ab/" + "0" * 62


@pytest.mark.parametrize(
    "digest", ["sha256:AB", "md5:00", "sha256:" + "g" * 64, "sha256:../" + "0" * 61]
)
def test_a_malformed_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValidationError):
        Stored(encoding="gzip", digest=digest, size=0)
