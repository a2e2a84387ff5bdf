"""Disclosures in a store: read without proof, for each proves itself by its digest in the evidence.

A file of the vault holds one disclosure a line. It may be whole, cut down to some lines, or gone:
the log names the whole one, and says nothing against the others. So the digest in the log only
tells whether it is whole; that a line is true is shown by `core.model.disclosure`. The packing is
shown by its digest, or is the one that this program gives to the same lines: in what no digest
covers, bytes could be hidden, or changed unseen.
"""

from __future__ import annotations

import zlib

from auditor.attest.reader import StoreReader, read_bounded
from auditor.core.canonical import digest
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.blobs import BlobEncoder, BlobRef

VAULT = "vault/"
_GZIP = 31
_SLACK = 4096  # another zlib may pack fewer lines into a few bytes more


def vault_path(reference: BlobRef) -> str:
    """Where a file of the vault lies in a store or a bundle."""
    return f"{VAULT}{reference.path}"


def read_vault(reader: StoreReader, reference: BlobRef) -> bytes | None:
    """The disclosures that are there, one a line; None where the file is gone.

    Args:
        reference: As the `collect` entry has it; bounds what is unpacked.

    Raises:
        VerificationError: Longer than the whole was, or no file of the vault at all.
        UndecidableError: Packed otherwise than this program packs.
        StoreError: It is there and cannot be read.
    """
    path = vault_path(reference)
    if path not in reader.paths(path.rpartition("/")[0]):
        return None
    packed = read_bounded(reader, path, reference.stored.size + _SLACK)
    gunzip = zlib.decompressobj(_GZIP)
    try:
        data = gunzip.decompress(packed, reference.size + 1)
    except zlib.error as error:
        raise VerificationError(f"the compression is broken: {error}", where=path) from error
    if len(data) > reference.size:
        raise VerificationError("holds more disclosures than there were", where=path)
    if not gunzip.eof or gunzip.unused_data:
        raise VerificationError("it is cut off or has bytes after its end", where=path)
    if digest(packed) != reference.stored.digest and packed != pack_vault(data):
        raise UndecidableError("packed otherwise than this program packs it", where=path)
    return data


def is_whole(data: bytes | None, reference: BlobRef) -> bool:
    """True when nothing was withheld or erased."""
    return data is not None and digest(data) == reference.digest


def pack_vault(data: bytes) -> bytes:
    """Some of the disclosures of a file of the vault, as a store or a bundle holds them."""
    encoder = BlobEncoder()
    packed = encoder.update(data)
    return packed + encoder.finish()
