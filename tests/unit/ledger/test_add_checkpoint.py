"""What a witness is asked and what it answers, case by case of the standard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import VerificationError
from auditor.ledger.add_checkpoint import (
    MAX_ANSWER,
    MAX_REQUEST,
    AddCheckpoint,
    LogKeys,
    Refusal,
    Status,
    is_signed,
    judge,
    parse_answer,
    parse_size,
)
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from auditor.ledger.cosignature import ML_DSA_44, CosignerKey, cosign
from auditor.ledger.merkle import EMPTY_ROOT, hash_leaf, subtree_root
from auditor.ledger.note import Note, NoteKey, NoteSignature
from auditor.ledger.proofs import consistency_proof, range_root

# The example of the standard.
EXAMPLE = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49"
    "/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
).encode()
NODE = b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
ORIGIN = "example.org/auditor-log"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey(ORIGIN, PRIVATE.public_key().public_bytes_raw())
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_KEY = NoteKey(ORIGIN, OTHER.public_key().public_bytes_raw())
LOGS: Mapping[str, LogKeys] = {ORIGIN: (KEY,)}
LEAVES = [hash_leaf(bytes([number])) for number in range(40)]
REWRITTEN = [hash_leaf(b"other"), *LEAVES[1:]]


def node(leaves: list[bytes], height: int, index: int) -> bytes:
    return subtree_root(leaves[index << height : (index + 1) << height])


def head(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, range_root(0, size, lambda h, i: node(leaves, h, i)))


def ask(
    old: int, size: int, leaves: list[bytes] = LEAVES, key: Ed25519PrivateKey = PRIVATE
) -> AddCheckpoint:
    public = NoteKey(ORIGIN, key.public_key().public_bytes_raw())
    proof = consistency_proof(old, size, lambda h, i: node(leaves, h, i)) if old <= size else []
    return AddCheckpoint(old, tuple(proof), sign_checkpoint(head(size, leaves), public, key.sign))


def status(request: AddCheckpoint, last: Checkpoint | None = None) -> int:
    refusal = judge(request, LOGS, last)
    return refusal.status if refusal else Status.COSIGNED


def test_the_example_of_the_standard_is_read_and_written_to_the_byte() -> None:
    request = AddCheckpoint.parse(EXAMPLE)
    assert request.to_bytes() == EXAMPLE
    assert (request.old, len(request.proof)) == (20852014, 4)
    assert request.signed.checkpoint.size == 20852163


@given(old=st.integers(0, 40), more=st.integers(0, 40))
def test_what_continues_the_last_checkpoint_is_cosigned(old: int, more: int) -> None:
    size = min(40, old + more)
    last = head(old) if old else None
    request = AddCheckpoint.parse(ask(old, size).to_bytes())
    assert judge(request, LOGS, last) is None


@given(old=st.integers(1, 39), size=st.integers(1, 40), bit=st.integers(0, 255))
def test_what_rewrites_history_is_refused(old: int, size: int, bit: int) -> None:
    last = head(old)
    assert status(ask(old, size, REWRITTEN), last) in (400, 409, 422)
    if old < size:
        request = ask(old, size)
        changed = bytearray(request.proof[0])
        changed[bit // 8] ^= 1 << bit % 8
        assert status(replace(request, proof=(bytes(changed), *request.proof[1:])), last) == 422


def test_a_log_that_is_not_known_is_not_found() -> None:
    refusal = judge(ask(0, 5), {}, None)
    assert refusal is not None
    assert refusal.status == 404


def test_a_checkpoint_that_no_known_key_signed_is_forbidden() -> None:
    assert status(ask(0, 5, key=OTHER)) == 403
    request = ask(0, 5)
    line = request.signed.note.signatures[0]
    forged = Note(request.signed.note.text, (replace(line, signature=bytes(64)),))
    assert status(replace(request, signed=replace(request.signed, note=forged))) == 403


def test_signatures_of_unknown_keys_are_ignored() -> None:
    request = ask(0, 5)
    foreign = ask(0, 5, key=OTHER).signed.note.signatures
    both = Note(request.signed.note.text, (*foreign, *request.signed.note.signatures))
    assert status(replace(request, signed=replace(request.signed, note=both))) == 200


def test_an_old_size_above_the_new_one_is_a_bad_request() -> None:
    assert status(ask(6, 5), head(6)) == 400


@pytest.mark.parametrize(("old", "last"), [(0, 3), (3, None), (2, 3)])
def test_an_old_size_that_is_not_the_last_one_is_told_the_last_one(
    old: int, last: int | None
) -> None:
    refusal = judge(ask(old, 9), LOGS, head(last) if last else None)
    assert refusal is not None
    assert refusal.status == 409
    assert refusal.body == f"{last or 0}\n".encode()
    assert parse_size(refusal.body) == (last or 0)


def test_another_log_of_the_same_size_is_a_conflict() -> None:
    refusal = judge(ask(5, 5, REWRITTEN), LOGS, head(5))
    assert refusal == Refusal(Status.CONFLICT, "another log of 5 entries was cosigned", 5)


@pytest.mark.parametrize("size", [0, 5])
def test_a_proof_where_none_belongs_is_refused(size: int) -> None:
    request = replace(ask(size, 5), proof=(bytes(32),))
    assert status(request, head(size) if size else None) == 422


def test_an_empty_log_can_be_cosigned() -> None:
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), KEY, PRIVATE.sign)
    assert status(AddCheckpoint(0, (), empty)) == 200


def test_a_log_may_sign_by_its_ml_dsa_key_alone() -> None:
    lattice = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    second = CosignerKey(ORIGIN, lattice.public_key().public_bytes_raw(), ML_DSA_44)
    line = cosign(head(5), second, lattice.sign, datetime.fromtimestamp(1, UTC))
    signed = SignedCheckpoint(head(5), Note(head(5).text, (line,)))
    assert is_signed(signed, (second,))
    assert is_signed(signed, (KEY, second))
    assert not is_signed(signed, (KEY,))
    assert not is_signed(signed, ())
    broken = replace(line, signature=line.signature[:-1] + b"x")
    assert not is_signed(replace(signed, note=Note(head(5).text, (broken,))), (second,))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        EXAMPLE.replace(b"old 20852014", b"old 020852014"),
        EXAMPLE.replace(b"old 20852014", b"old -1"),
        EXAMPLE.replace(b"old 20852014", b"old  20852014"),
        EXAMPLE.replace(b"old 20852014\n", b""),
        EXAMPLE.replace(b"PlRNC", b"PlRN"),
        EXAMPLE.replace(b"pkaw=\n", b"pkax=\n"),
        EXAMPLE.replace(b"=\n\nexample", b"=\nexample"),
        EXAMPLE.replace(b"PlRNC", b"\xff"),
        EXAMPLE.replace(b"\n\nexample", b"\n" + NODE * 60 + b"\nexample"),
        EXAMPLE[:-1],
        EXAMPLE + b"x" * MAX_REQUEST,
        EXAMPLE.replace(b"20852163\n", b"20852163\r\n"),
    ],
)
def test_a_malformed_request_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        AddCheckpoint.parse(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    try:
        AddCheckpoint.parse(data)
    except VerificationError:
        return
    raise AssertionError(data)


def test_the_lines_of_an_answer_are_read() -> None:
    lines = (NoteSignature("a.example", b"0123", b"x"), NoteSignature("b.example", b"0123", b"y"))
    body = "".join(f"{line.line}\n" for line in lines).encode()
    assert parse_answer(body) == lines


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", b"no\n", b"\xff\n", b"\xe2\x80\x94 a AAAAAAAA", b"x" * MAX_ANSWER + b"x\n"],
)
def test_an_answer_without_lines_is_refused(body: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_answer(body)


@pytest.mark.parametrize(
    "body", [b"", b"5", b"05\n", b"-5\n", b"5\n6\n", b"9" * 17 + b"\n", b"\xff\n"]
)
def test_an_answer_without_a_size_is_refused(body: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_size(body)
