"""Certificates and requests of run keys, as other programs read them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.attest.signing import load_public_key
from auditor.errors import ConfigError
from auditor.keys.certificate import (
    Subject,
    certified_key_id,
    is_of,
    is_self_signed,
    request,
    self_signed,
    validity,
)
from auditor.keys.file import FileKey, generate_key

BEGIN = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
YEAR = timedelta(days=365)
SUBJECT = Subject("Örg Ltd " + "x" * 80)


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return generate_key(tmp_path / "run.pem", "ecdsa-p256-sha256")


def openssl(*arguments: str, text: str) -> str:
    command = ["openssl", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_certificate_is_of_the_key_and_says_what_it_may_sign(key: FileKey) -> None:
    pem = self_signed(key, SUBJECT, BEGIN, YEAR)
    made = x509.load_pem_x509_certificate(pem.encode())
    assert (
        made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        == key.public_key.encode()
    )
    usage = made.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.content_commitment) == (True, True)
    assert not usage.value.key_cert_sign
    assert validity(pem) == (BEGIN.replace(microsecond=0), BEGIN.replace(microsecond=0) + YEAR)
    assert is_of(pem, key)
    assert is_self_signed(pem)
    assert certified_key_id(pem) == key.key_id
    assert made.subject == made.issuer


def test_openssl_reads_certificate_and_request(key: FileKey) -> None:
    pem = self_signed(key, SUBJECT, BEGIN, YEAR)
    shown = openssl("x509", "-noout", "-text", "-nameopt", "utf8", text=pem)
    assert "Digital Signature, Non Repudiation" in shown
    assert "ecdsa-with-SHA256" in shown
    assert "verify OK" in openssl("req", "-verify", "-noout", text=request(key, SUBJECT))


def test_a_request_is_signed_by_the_key_and_asks_for_its_usage(key: FileKey) -> None:
    made = x509.load_pem_x509_csr(request(key, SUBJECT).encode())
    assert made.is_signature_valid
    assert made.public_key() == load_public_key(key.public_key)
    assert made.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment


def test_a_certificate_of_another_key_is_told_apart(key: FileKey, tmp_path: Path) -> None:
    other = generate_key(tmp_path / "other.pem", "ecdsa-p256-sha256")
    pem = self_signed(other, SUBJECT, BEGIN, YEAR)
    assert not is_of(pem, key)


@pytest.mark.parametrize("make", [lambda key: self_signed(key, SUBJECT, BEGIN, YEAR),
                                  lambda key: request(key, SUBJECT)])  # fmt: skip
def test_keys_of_the_log_get_no_certificate(tmp_path: Path, make: object) -> None:
    assert callable(make)
    with pytest.raises(ConfigError, match="for run keys"):
        make(generate_key(tmp_path / "log.pem", "ed25519"))


@pytest.mark.parametrize("text", ["", "hello"])
def test_what_is_no_certificate_is_refused(text: str, key: FileKey) -> None:
    with pytest.raises(ConfigError, match="not a certificate"):
        is_of(text, key)
    with pytest.raises(ConfigError, match="not a certificate"):
        is_self_signed(text)


class Wrong:
    """Signs otherwise than its public key says."""

    def __init__(self, key: FileKey, other: FileKey) -> None:
        self.key_id, self.public_key, self.algorithm = key.key_id, key.public_key, key.algorithm
        self.sign = other.sign


def test_what_does_not_verify_is_not_given_out(key: FileKey, tmp_path: Path) -> None:
    wrong = Wrong(key, generate_key(tmp_path / "other.pem", "ecdsa-p256-sha256"))
    with pytest.raises(ConfigError, match="does not verify"):
        self_signed(wrong, SUBJECT, BEGIN, YEAR)
    with pytest.raises(ConfigError, match="does not verify"):
        request(wrong, SUBJECT)
