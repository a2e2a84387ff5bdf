"""What verification holds in memory, or believes without a digest, is bounded."""

from __future__ import annotations

import zlib

import pytest

from auditor.attest.evidence import MAX_WHOLE, Evidence
from auditor.attest.vault import pack_vault, read_vault, vault_path
from auditor.core.canonical import digest
from auditor.errors import UndecidableError, VerificationError
from auditor.ledger.blobs import BlobEncoder, BlobRef
from tests.unit.store.building import LATER, MemoryReader


def reference_to(data: bytes) -> BlobRef:
    encoder = BlobEncoder()
    encoder.update(data)
    encoder.finish()
    return encoder.reference


def evidence(files: dict[str, bytes]) -> Evidence:
    return Evidence(MemoryReader(files), trust=None, run=None, rejudge=None, now=LATER)


def test_a_blob_that_says_it_is_larger_than_memory_is_not_even_opened() -> None:
    small = reference_to(b"a" * 1000)
    huge = small.model_copy(update={"size": MAX_WHOLE + 1})
    with pytest.raises(UndecidableError, match="is not read whole") as caught:
        evidence({}).read_blob(huge)
    assert caught.value.where == huge.path


def test_a_blob_that_unpacks_to_more_than_it_says_stops_there() -> None:
    data = b"a" * 50_000_000
    reference = reference_to(data).model_copy(update={"size": 10})
    files = {reference.path: pack_vault(data)}
    with pytest.raises(VerificationError, match="unpacks to more than the 10 bytes"):
        evidence(files).read_blob(reference)


def vault(stored: bytes, whole: bytes) -> bytes | None:
    reference = reference_to(whole)
    return read_vault(MemoryReader({vault_path(reference): stored}), reference)


def test_disclosures_are_read_whole_or_in_part() -> None:
    whole = b"one\ntwo\n"
    assert vault(pack_vault(whole), whole) == whole
    assert vault(pack_vault(b"two\n"), whole) == b"two\n"


def test_other_packing_of_the_same_lines_cannot_be_told() -> None:
    whole = b"one\ntwo\n" * 100
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    with pytest.raises(UndecidableError, match="packed otherwise"):
        vault(packer.compress(whole) + packer.flush(), whole)


def test_the_packing_of_another_zlib_counts_where_the_log_names_it() -> None:
    whole = b"one\ntwo\n" * 100
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    stored = packer.compress(whole) + packer.flush()
    reference = reference_to(whole)
    named = reference.stored.model_copy(update={"digest": digest(stored), "size": len(stored)})
    reference = reference.model_copy(update={"stored": named})
    reader = MemoryReader({vault_path(reference): stored})
    assert read_vault(reader, reference) == whole
