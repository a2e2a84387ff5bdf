"""Signatures and public keys."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.attest.signing import (
    ALGORITHMS,
    Algorithm,
    key_id,
    load_public_key,
    raw_ed25519,
    verify_signature,
)
from auditor.errors import ConfigError, VerificationError
from auditor.keys.file import generate_key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_changed_bit_of_data_or_signature_is_found(tmp_path: Path, algorithm: Algorithm) -> None:
    key = generate_key(tmp_path / "key.pem", algorithm)
    signature = key.sign(b"data")
    verify_signature(key.public_key, algorithm, b"data", signature)
    for at in range(len(signature)):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        with pytest.raises(VerificationError):
            verify_signature(key.public_key, algorithm, b"data", changed)
    for data in (b"", b"datb", b"data\n"):
        with pytest.raises(VerificationError):
            verify_signature(key.public_key, algorithm, data, signature)


def test_a_key_signs_by_its_own_algorithm_only(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "key.pem", "ed25519")
    with pytest.raises(VerificationError, match="cannot sign as"):
        verify_signature(key.public_key, "ecdsa-p256-sha256", b"", key.sign(b""))


def test_openssl_verifies_the_signature_of_a_run_key(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "key.pem", "ecdsa-p256-sha256")
    (tmp_path / "key.pub").write_text(key.public_key)
    (tmp_path / "data").write_bytes(b"data")
    (tmp_path / "sig").write_bytes(key.sign(b"data"))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "sig", "data"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout == "Verified OK\n"


def test_the_key_id_is_what_openssl_and_sha256sum_print(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "key.pem", "ecdsa-p256-sha256")
    (tmp_path / "key.pub").write_text(key.public_key)
    command = "openssl pkey -pubin -in key.pub -outform DER | sha256sum"
    answer = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split()[0] == key.key_id == key_id(key.public_key)


@pytest.mark.parametrize("pem", ["", "hello", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END"])
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(ConfigError, match="not a public key"):
        load_public_key(pem)


def test_another_kind_of_key_is_refused() -> None:
    public = generate_private_key(SECP384R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(ConfigError, match="expected ECDSA P-256, Ed25519 or ML-DSA-44"):
        load_public_key(pem)


def test_a_run_key_has_no_raw_form(tmp_path: Path) -> None:
    key = generate_key(tmp_path / "key.pem", "ecdsa-p256-sha256")
    with pytest.raises(ConfigError, match="must be an Ed25519 key"):
        raw_ed25519(key.public_key)
