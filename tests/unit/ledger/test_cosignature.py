"""Cosignatures of both kinds: the bytes that the standard lays down, and every departure."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import LedgerError, UndecidableError, VerificationError
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from auditor.ledger.cosignature import (
    COSIGNATURE_V1,
    MAX_TIME,
    ML_DSA_44,
    CosignerKey,
    cosign,
    unknown_lines,
    verify_cosignature,
    verify_cosignatures,
)
from auditor.ledger.encoding import encode_base64
from auditor.ledger.note import Note, NoteKey, NoteSignature

# The example of the standard: its checkpoint, and the cosignature of witness.example.com/w1.
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJ"
    "sX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
ORIGIN = "example.com/behind-the-sofa"
NAME = "witness.example.com/w1"
TIME = datetime.fromtimestamp(1679315147, UTC)
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG_KEY = NoteKey(ORIGIN, LOG.public_key().public_bytes_raw())
PLAIN = Ed25519PrivateKey.from_private_bytes(bytes(32))
PLAIN_KEY = CosignerKey(NAME, PLAIN.public_key().public_bytes_raw())
LATTICE = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
LATTICE_KEY = CosignerKey(NAME, LATTICE.public_key().public_bytes_raw(), ML_DSA_44)
BOTH = pytest.mark.parametrize(
    ("key", "sign"),
    [(PLAIN_KEY, PLAIN.sign), (LATTICE_KEY, LATTICE.sign)],
    ids=["ed25519", "ml-dsa-44"],
)
Sign = Callable[[bytes], bytes]
HEAD = SignedCheckpoint.parse(EXAMPLE).checkpoint
SIGNED = sign_checkpoint(HEAD, LOG_KEY, LOG.sign)


def cosigned(*lines: NoteSignature, signed: SignedCheckpoint = SIGNED) -> SignedCheckpoint:
    note = Note(signed.note.text, (*signed.note.signatures, *lines))
    return SignedCheckpoint.parse(note.to_bytes())


def test_the_example_of_the_standard_is_read_and_written_to_the_byte() -> None:
    signed = SignedCheckpoint.parse(EXAMPLE)
    assert signed.to_bytes() == EXAMPLE
    line = signed.note.signatures[1]
    assert line.name == NAME
    assert int.from_bytes(line.signature[:8], "big") == 1679315147
    assert len(line.signature) == 8 + 64


def test_an_ed25519_cosignature_signs_what_the_standard_prints() -> None:
    assert PLAIN_KEY.message(HEAD, 1679315147) == (
        b"cosignature/v1\n"
        b"time 1679315147\n"
        b"example.com/behind-the-sofa\n"
        b"20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_an_ml_dsa_cosignature_signs_the_structure_of_the_standard() -> None:
    assert LATTICE_KEY.message(HEAD, 1679315147) == b"".join(
        (
            b"subtree/v1\n\0",
            bytes([22]),
            b"witness.example.com/w1",
            struct.pack(">Q", 1679315147),
            bytes([27]),
            b"example.com/behind-the-sofa",
            struct.pack(">QQ", 0, 20852163),
            HEAD.root,
        )
    )


@BOTH
def test_a_line_is_time_and_signature_after_the_key_id(key: CosignerKey, sign: Sign) -> None:
    line = cosign(HEAD, key, sign, TIME)
    prefix = NAME.encode() + b"\n" + bytes([key.kind]) + key.public
    assert line.key_id == hashlib.sha256(prefix).digest()[:4]
    assert line.signature[:8] == struct.pack(">Q", 1679315147)
    assert len(line.signature) == {COSIGNATURE_V1: 72, ML_DSA_44: 2428}[key.kind]


@BOTH
def test_a_cosignature_verifies_and_names_its_time(key: CosignerKey, sign: Sign) -> None:
    signed = cosigned(cosign(HEAD, key, sign, TIME))
    assert verify_cosignature(signed, key) == TIME
    assert verify_cosignatures(SIGNED, key) == []
    with pytest.raises(UndecidableError, match="has not cosigned"):
        verify_cosignature(SIGNED, key)


@BOTH
def test_the_latest_of_several_cosignatures_counts(key: CosignerKey, sign: Sign) -> None:
    later = datetime.fromtimestamp(1679315200, UTC)
    lines = [cosign(HEAD, key, sign, time) for time in (later, TIME)]
    assert verify_cosignature(cosigned(*lines), key) == later


@BOTH
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_changed_bit_of_a_line_is_found(
    key: CosignerKey, sign: Sign, data: st.DataObject
) -> None:
    line = f"{cosign(HEAD, key, sign, TIME).line}\n".encode()
    bit = data.draw(st.integers(0, 8 * len(line) - 1))
    changed = bytearray(line)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VerificationError):
        verify_cosignatures(SignedCheckpoint.parse(SIGNED.to_bytes() + bytes(changed)), key)


@BOTH
def test_any_changed_bit_of_name_id_and_time_is_found(key: CosignerKey, sign: Sign) -> None:
    line = f"{cosign(HEAD, key, sign, TIME).line}\n".encode()
    for bit in range(8 * 48):  # the dash, the name, and the base64 of id and time
        changed = bytearray(line)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationError):
            verify_cosignatures(SignedCheckpoint.parse(SIGNED.to_bytes() + bytes(changed)), key)


@BOTH
@pytest.mark.parametrize(
    "other",
    [
        Checkpoint(ORIGIN, HEAD.size + 1, HEAD.root),
        Checkpoint(ORIGIN, HEAD.size, bytes(32)),
        Checkpoint("example.com/other", HEAD.size, HEAD.root),
    ],
)
def test_a_cosignature_is_of_one_checkpoint_only(
    key: CosignerKey, sign: Sign, other: Checkpoint
) -> None:
    line = cosign(other, key, sign, TIME)
    with pytest.raises(VerificationError, match="does not verify"):
        verify_cosignatures(cosigned(line), key)


@BOTH
def test_a_line_under_another_name_or_id_is_a_changed_line(key: CosignerKey, sign: Sign) -> None:
    line = cosign(HEAD, key, sign, TIME)
    for changed in (replace(line, name="witness.example.com/w2"), replace(line, key_id=b"0000")):
        with pytest.raises(VerificationError, match="does not verify"):
            verify_cosignatures(cosigned(changed), key)


def test_the_ml_dsa_kind_commits_to_the_name_of_its_signer() -> None:
    other = replace(LATTICE_KEY, name="witness.example.com/w2")
    line = replace(cosign(HEAD, LATTICE_KEY, LATTICE.sign, TIME), name=other.name)
    renamed = replace(line, key_id=other.key_id)
    with pytest.raises(VerificationError, match="does not verify"):
        verify_cosignatures(cosigned(renamed), other)


def test_lines_of_unknown_keys_are_kept_and_left_alone() -> None:
    stranger = NoteSignature("other.example", b"0123", b"x" * 72)
    signed = cosigned(stranger, cosign(HEAD, PLAIN_KEY, PLAIN.sign, TIME))
    assert verify_cosignature(signed, PLAIN_KEY) == TIME
    assert stranger in signed.note.signatures
    keys = [(key.name, key.key_id) for key in (LOG_KEY, PLAIN_KEY)]
    assert unknown_lines(signed, keys) == {"other.example"}


def test_a_cosignature_may_say_nothing_about_time() -> None:
    signed = cosigned(cosign(HEAD, LATTICE_KEY, LATTICE.sign, datetime.fromtimestamp(0, UTC)))
    assert [item.time for item in verify_cosignatures(signed, LATTICE_KEY)] == [None]
    with pytest.raises(UndecidableError):
        verify_cosignature(signed, LATTICE_KEY)


def test_a_time_that_nobody_can_print_is_refused() -> None:
    seconds = MAX_TIME + 1
    signature = struct.pack(">Q", seconds) + PLAIN.sign(PLAIN_KEY.message(HEAD, seconds))
    line = NoteSignature(NAME, PLAIN_KEY.key_id, signature)
    with pytest.raises(VerificationError):
        verify_cosignatures(cosigned(line), PLAIN_KEY)


def test_signing_with_the_other_private_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    with pytest.raises(LedgerError, match="not the private half"):
        cosign(HEAD, PLAIN_KEY, other.sign, TIME)


def test_names_longer_than_the_structure_allows_are_refused() -> None:
    with pytest.raises(LedgerError, match="longer than 255"):
        replace(LATTICE_KEY, name="x" * 256)
    long_named = Checkpoint("x" * 256, HEAD.size, HEAD.root)
    with pytest.raises(LedgerError, match="name of 256 bytes"):
        cosign(long_named, LATTICE_KEY, LATTICE.sign, TIME)
    signed = sign_checkpoint(long_named, replace(LOG_KEY, name="x" * 256), LOG.sign)
    line = cosign(HEAD, LATTICE_KEY, LATTICE.sign, TIME)
    with pytest.raises(VerificationError):
        verify_cosignatures(cosigned(line, signed=signed), LATTICE_KEY)


@pytest.mark.parametrize("key", [PLAIN_KEY, LATTICE_KEY])
def test_keys_read_back_as_text(key: CosignerKey) -> None:
    assert CosignerKey.parse(key.vkey) == key
    encoded = encode_base64(bytes([key.kind]) + key.public)
    assert key.vkey == f"{NAME}+{key.key_id.hex()}+{encoded}"


@pytest.mark.parametrize(
    ("vkey", "message"),
    [
        (LOG_KEY.vkey, "0x01"),
        ("", "name\\+keyid"),
        ("name+00000000+BAAA", "got vkey"),
        (PLAIN_KEY.vkey.replace("w1", "w2"), "got vkey"),
        ("two words" + PLAIN_KEY.vkey[len(NAME) :], "no white space"),
        (PLAIN_KEY.vkey + "x" * 5000, "at most"),
        (f"{NAME}+00000000+" + "A" * 43, "base64"),
    ],
)
def test_what_is_no_cosigners_key_is_refused(vkey: str, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        CosignerKey.parse(vkey)


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(LedgerError, match="expected 1312"):
        CosignerKey(NAME, bytes(32), ML_DSA_44)
    with pytest.raises(LedgerError, match="0x04"):
        NoteKey.parse(PLAIN_KEY.vkey)
