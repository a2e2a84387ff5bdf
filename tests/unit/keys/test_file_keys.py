"""Keys in files: who may read them, what opens them, and what they sign."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from auditor.attest.signing import (
    ALGORITHMS,
    Algorithm,
    Signer,
    key_id,
    raw_ed25519,
    verify_signature,
)
from auditor.errors import ConfigError
from auditor.keys.file import generate_key, load_key
from auditor.ledger.note import sign_note, verify_note


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_key_reads_back_and_signs(
    tmp_path: Path, algorithm: Algorithm, passphrase: bytes | None
) -> None:
    made = generate_key(tmp_path / "key.pem", algorithm, passphrase)
    read: Signer = load_key(tmp_path / "key.pem", passphrase)
    assert (read.key_id, read.public_key, read.algorithm) == (
        made.key_id,
        made.public_key,
        algorithm,
    )
    assert read.key_id == key_id(read.public_key)
    verify_signature(made.public_key, algorithm, b"data", read.sign(b"data"))


def test_the_file_is_the_owners_alone_and_in_pkcs8(tmp_path: Path) -> None:
    generate_key(tmp_path / "plain.pem", "ed25519")
    generate_key(tmp_path / "locked.pem", "ed25519", b"x")
    assert stat.S_IMODE((tmp_path / "plain.pem").stat().st_mode) == 0o600
    assert (tmp_path / "plain.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (tmp_path / "locked.pem").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="never overwritten"):
        generate_key(path, "ed25519")
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        generate_key(tmp_path / "none" / "key.pem", "ed25519")


@pytest.mark.parametrize(("given", "message"), [(None, "encrypted"), (b"wrong", "does not open")])
def test_without_the_passphrase_it_stays_closed(
    tmp_path: Path, given: bytes | None, message: str
) -> None:
    generate_key(tmp_path / "key.pem", "ecdsa-p256-sha256", b"right")
    with pytest.raises(ConfigError, match=message) as caught:
        load_key(tmp_path / "key.pem", given)
    assert "AUDITOR_KEY_PASSPHRASE" in caught.value.hint


def test_an_empty_passphrase_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="empty"):
        generate_key(tmp_path / "key.pem", "ed25519", b"")
    assert not (tmp_path / "key.pem").exists()


def test_a_passphrase_for_a_plain_key_is_not_needed(tmp_path: Path) -> None:
    made = generate_key(tmp_path / "key.pem", "ed25519")
    assert load_key(tmp_path / "key.pem", b"unused").key_id == made.key_id


def test_a_missing_file_and_a_file_that_is_no_key_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_key(tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(ConfigError, match="not a private key"):
        load_key(tmp_path / "text.pem")


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP384R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "p384.pem").write_bytes(pem)
    with pytest.raises(ConfigError, match="expected ECDSA P-256, Ed25519 or ML-DSA-44"):
        load_key(tmp_path / "p384.pem")


def test_a_log_key_signs_notes(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "log.pem", "ed25519")
    note_key = key.note_key("example.org/log")
    assert note_key.public == raw_ed25519(key.public_key)
    assert verify_note(sign_note("text\n", note_key, key.sign), [note_key]) == [note_key]


def test_a_run_key_is_no_log_key(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "run.pem", "ecdsa-p256-sha256")
    with pytest.raises(ConfigError, match="Ed25519"):
        key.note_key("example.org/log")


def test_the_private_key_is_not_in_its_repr(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "run.pem", "ecdsa-p256-sha256")
    assert repr(key) == f"FileKey({str(tmp_path / 'run.pem')!r}, key_id={key.key_id!r})"
