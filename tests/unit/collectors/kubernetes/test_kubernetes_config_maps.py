"""Secrets in config maps: in text, and in every form that binary values take."""

from __future__ import annotations

import base64
import gzip
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.authority import certificate_for
from tests.unit.collectors.kubernetes.worlds import extracted

KEY = ec.generate_private_key(ec.SECP256R1())
LOCKED = BestAvailableEncryption(b"changeit")
PKCS8 = (Encoding.DER, PrivateFormat.PKCS8)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
CERTIFICATE = load_pem_x509_certificate(certificate_for("a.example").encode())
DER = CERTIFICATE.public_bytes(Encoding.DER)
PASSWORD = b"db_password = hunter2-hunter2\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))


def _java(magic: bytes, version: int, *tags: int) -> bytes:
    """A store of Java: entries of trusted certificates (2) or keys (1, 3)."""
    kind = struct.pack(">H", 5) + b"X.509" if version > 1 else b""
    certificate = kind + struct.pack(">I", len(DER)) + DER
    entries = b"".join(
        struct.pack(">IH", tag, 2) + b"ca" + bytes(8) + (certificate if tag == 2 else b"k" * 40)
        for tag in tags
    )
    return magic + struct.pack(">II", version, len(tags)) + entries + bytes(20)


JKS, JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"


def _config_map(**parts: Any) -> Any:
    one = {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}, **parts}
    [row] = extracted("kubernetes.config_map", [one]).resources
    return row


def _told(data: bytes, key: str = "value.bin") -> Any:
    row = _config_map(binaryData={key: base64.b64encode(data).decode()})
    return row.data.get("secret_keys", row.unread.get("secret_keys"))


@pytest.mark.parametrize(
    "data",
    [
        PEM,
        b"\xff\x00" + PEM,
        PASSWORD,
        PASSWORD.decode().encode("utf-16"),
        gzip.compress(PASSWORD),
        gzip.compress(b"0 " + PASSWORD),
        gzip.compress(b"harmless\n") + gzip.compress(PASSWORD),
        gzip.compress(KEY.private_bytes(*PKCS8, NoEncryption())),
        KEY.private_bytes(*PKCS8, NoEncryption()),
        KEY.private_bytes(*PKCS8, LOCKED),
        KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        pkcs12.serialize_key_and_certificates(b"a", KEY, None, None, LOCKED),
        pkcs12.serialize_key_and_certificates(b"a", KEY, None, [CERTIFICATE], NoEncryption()),
        _java(JKS, 2, 2, 1),
        _java(JKS, 1, 2, 2, 1),
        _java(JCEKS, 2, 3),
        b"\x05\x02\x00\x00\x00\x3c",
    ],
    ids=(
        "PEM", "bytes before PEM", "password", "UTF-16", "gzip", "gzip of words", "gzip twice",
        "gzip of DER", "PKCS 8", "encrypted PKCS 8", "DER", "PKCS 12", "PKCS 12 with certificate",
        "JKS", "second of JKS 1", "JCEKS", "Kerberos key table",
    ),
)  # fmt: skip
def test_a_secret_in_binary_data_is_found(data: bytes) -> None:
    assert _told(data) == ["value.bin"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello\n",
        b"BZhome of the brave",
        PNG,
        DER,
        KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        pkcs12.serialize_key_and_certificates(None, None, None, [CERTIFICATE], NoEncryption()),
        _java(JKS, 2, 2, 2),
        _java(JKS, 1, 2),
        _java(JKS, 2),
        gzip.compress(b"harmless\n"),
    ],
    ids=(
        "nothing", "text", "text like bzip2", "PNG", "certificate", "public key",
        "PKCS 12 of a certificate", "JKS of a certificate", "JKS 1 of one", "empty JKS", "gzip",
    ),
)  # fmt: skip
def test_what_is_no_secret_is_none(data: bytes) -> None:
    assert _told(data) == []


def test_a_binary_value_under_the_name_of_a_secret_is_one_whatever_it_begins_with() -> None:
    assert _told(b"/\xff\xfe\x01", "encryption-key") == ["encryption-key"]
    assert _told(b"hunter2-hunter2", "db-password") == ["db-password"]
    assert _told(b"", "db-password") == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04" + bytes(40), "a zip archive, which is not looked into"),
        (b"\xfd7zXZ\x00" + bytes(40), "xz data"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "zstd data"),
        (b"BZh91AY&SY" + bytes(40), "bzip2 data"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "a 7z archive"),
        (gzip.compress(b"PK\x03\x04" + bytes(40)), "a zip archive"),
        (gzip.compress(gzip.compress(PASSWORD)), "compressed more than once"),
        (gzip.compress(PASSWORD)[:-9], "cut off"),
        (gzip.compress(bytes((32 << 20) + 1)), "unpacks to more than"),
        (b"\x1f\x8b\x08" + bytes(20), "binaryData of 'value.bin'"),
        (_java(JKS, 2, 2)[:40], "a store of Java that is cut off"),
        (_java(JKS, 2, 2, 2)[:40], "binaryData of 'value.bin'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_looked_into_is_unread_and_named(data: bytes, said: str) -> None:
    gap = _told(data)
    assert gap.cause is Cause.UNPARSABLE
    assert said in gap.detail
    assert "value.bin" in gap.detail


def test_binary_data_is_base64_in_lines_or_none_at_all() -> None:
    encoded = base64.b64encode(PASSWORD).decode()
    lines = encoded[:8] + "\n" + encoded[8:]
    assert _config_map(binaryData={"a": lines}).data["secret_keys"] == ["a"]
    broken = _config_map(binaryData={"a": "no base64!"}).unread["secret_keys"]
    assert broken.cause is Cause.UNPARSABLE


def test_both_members_are_looked_at_and_no_value_is_kept() -> None:
    binary = {"keystore.p12": base64.b64encode(PEM).decode()}
    row = _config_map(data={"smtp-password": "hunter2-hunter2", "a": "b"}, binaryData=binary)
    assert row.data["secret_keys"] == ["keystore.p12", "smtp-password"]
    assert "hunter2" not in str(row.data)
    assert _config_map().data["secret_keys"] == []
