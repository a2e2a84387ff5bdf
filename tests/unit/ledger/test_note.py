"""Signed notes and checkpoints: the examples of the standards, and every departure from them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor.errors import LedgerError, UndecidableError, VerificationError
from auditor.ledger.checkpoint import Checkpoint, SignedCheckpoint, log_origin, sign_checkpoint
from auditor.ledger.merkle import EMPTY_ROOT, TreeHead
from auditor.ledger.note import Note, NoteKey, sign_note, verify_note

# Published examples: a note of the Go module `sumdb/note`, and the checksum database's key.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
    "mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
ORIGIN = "example.org/auditor-log"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey(ORIGIN, PRIVATE.public_key().public_bytes_raw())
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_KEY = NoteKey(ORIGIN, OTHER.public_key().public_bytes_raw())


def test_a_published_note_verifies() -> None:
    note = Note.parse(FOO_NOTE)
    key = NoteKey.parse(FOO)
    assert verify_note(note, [key]) == [key]
    assert note.text == "This is an example message.\n"
    assert note.to_bytes() == FOO_NOTE


@pytest.mark.parametrize("vkey", [FOO, SUMDB, KEY.vkey])
def test_published_keys_read_back(vkey: str) -> None:
    assert NoteKey.parse(vkey).vkey == vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        FOO.replace("530d903a", "530d903b"),
        FOO.replace("example.com", "example.org"),
        FOO.replace("+Ae", "+Be"),
        FOO[:-1] + "l",
        FOO[:-4],
        "two words" + FOO.removeprefix("example.com/foo"),
    ],
)
def test_a_malformed_key_is_refused(vkey: str) -> None:
    with pytest.raises(LedgerError):
        NoteKey.parse(vkey)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(LedgerError, match="31 bytes"):
        NoteKey(ORIGIN, bytes(31))


def test_every_changed_byte_of_a_note_is_found() -> None:
    note = sign_note("some text\nof lines\n", KEY, PRIVATE.sign)
    data = note.to_bytes()
    assert Note.parse(data) == note
    for at in range(len(data)):
        for change in (0x01, 0x20, 0x80, 0xFF):
            changed = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
            with pytest.raises((VerificationError, UndecidableError)):
                verify_note(Note.parse(changed), [KEY])


def test_signatures_of_unknown_keys_are_left_alone() -> None:
    note = sign_note("text\n", KEY, PRIVATE.sign)
    foreign = sign_note("text\n", OTHER_KEY, OTHER.sign)
    both = Note("text\n", foreign.signatures + note.signatures)
    assert verify_note(both, [KEY]) == [KEY]
    assert verify_note(both, [KEY, OTHER_KEY]) == [OTHER_KEY, KEY]
    with pytest.raises(UndecidableError, match=ORIGIN):
        verify_note(foreign, [KEY])


def test_a_known_key_under_another_id_is_refused() -> None:
    signature = sign_note("text\n", KEY, PRIVATE.sign).signatures[0]
    renamed = type(signature)(signature.name, b"0000", signature.signature)
    with pytest.raises(VerificationError, match="does not verify"):
        verify_note(Note("text\n", (renamed,)), [KEY])


def test_signing_with_the_other_private_key_is_refused() -> None:
    with pytest.raises(LedgerError, match="not the private half"):
        sign_note("text\n", KEY, OTHER.sign)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\xe2\x80\x94 name c2lnbmF0dXJl",
        b"text\n\n- name c2lnbmF0dXJl\n",
        b"text\n\n\xe2\x80\x94 name c2lnbmF0dXJl=\n",
        b"text\n\n\xe2\x80\x94 name c2lnbmF0dXJ\n",
        b"text\n\n\xe2\x80\x94 name AAAAAA==\n",
        b"text\n\n\xe2\x80\x94 two names c2lnbmF0dXJl\n",
        b"te\txt\n\n\xe2\x80\x94 name c2lnbmF0dXJl\n",
        b"te\xffxt\n\n\xe2\x80\x94 name c2lnbmF0dXJl\n",
        b"text\n\n" + b"\xe2\x80\x94 name c2lnbmF0dXJl\n" * 65,
        b"x" * 300_000 + b"\n\n\xe2\x80\x94 name c2lnbmF0dXJl\n",
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        Note.parse(data)


def test_a_checkpoint_reads_back() -> None:
    signed = sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), KEY, PRIVATE.sign)
    assert SignedCheckpoint.parse(signed.to_bytes()) == signed
    assert signed.checkpoint.head == TreeHead(5, bytes(32))
    assert signed.checkpoint.text.split("\n")[:2] == [ORIGIN, "5"]


def test_a_checkpoint_is_signed_by_the_key_of_its_log() -> None:
    with pytest.raises(LedgerError, match="not named after"):
        sign_checkpoint(Checkpoint("other", 5, bytes(32)), KEY, PRIVATE.sign)


def test_a_checkpoint_has_a_line_named_after_its_log() -> None:
    text = Checkpoint("other", 5, bytes(32)).text
    with pytest.raises(VerificationError, match="named 'other'"):
        SignedCheckpoint.parse(sign_note(text, KEY, PRIVATE.sign).to_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n5\n",
        "\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n05\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n-5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n9999999999999999\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "origin\n5\nAAAA\n",
        "origin\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension\n",
        "origin\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        Checkpoint.parse_text(text)


def test_the_empty_log_has_the_empty_root() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert Checkpoint.parse_text(empty.text) == empty


@pytest.mark.parametrize(
    ("organisation", "origin"),
    [
        ("Example Ltd", "example-ltd/auditor-log"),
        ("example.org", "example.org/auditor-log"),
        ("  A+B  (UK) ", "a-b-uk/auditor-log"),
    ],
)
def test_an_organisation_names_its_log(organisation: str, origin: str) -> None:
    assert log_origin(organisation) == origin
    NoteKey(origin, bytes(32))


def test_an_organisation_without_a_letter_cannot_name_a_log() -> None:
    with pytest.raises(LedgerError, match="no ASCII letter"):
        log_origin("\u5b57")
