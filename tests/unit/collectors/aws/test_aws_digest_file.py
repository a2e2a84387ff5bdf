"""Digest files that are none, and signatures that cannot be checked."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.collectors.aws.deep.digest_file import inflate, is_signed, parse_digest
from auditor.collectors.aws.deep.digest_names import ends_at, organization_of

DIGEST: dict[str, Any] = {
    "digestStartTime": "2026-03-31T10:00:00Z",
    "digestEndTime": "2026-03-31T11:00:00Z",
    "digestS3Bucket": "example-audit",
    "digestS3Object": "AWSLogs/x.json.gz",
    "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
    "digestSignatureAlgorithm": "SHA256withRSA",
    "previousDigestSignature": None,
    "logFiles": [],
}


def _file(**changes: object) -> bytes:
    return gzip.compress(json.dumps({**DIGEST, **changes}).encode())


def test_the_first_digest_of_a_chain_is_signed_over_null() -> None:
    digest = parse_digest(_file(), "00")
    assert digest.previous is None
    assert digest.signed.endswith(b"\nnull")
    assert digest.signed.startswith(b"2026-03-31T11:00:00Z\nexample-audit/AWSLogs/x.json.gz\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"plain", "no gzip"),
        (_file() + b"x", "goes on behind"),
        (_file()[:-9], "is cut"),
        (gzip.compress(b"{", mtime=0), "not JSON"),
        (gzip.compress(b"[]", mtime=0), "not a JSON object"),
        (_file(digestSignatureAlgorithm="none"), "SHA256withRSA"),
        (_file(digestEndTime=None), "digestEndTime"),
        (_file(digestStartTime="yesterday"), "yesterday"),
        (_file(previousDigestS3Object="x"), "without its signature"),
        (_file(previousDigestSignature="00", previousDigestHashAlgorithm="MD5"), "SHA-256"),
        (_file(previousDigestSignature="00"), "previousDigestS3Bucket"),
        (_file(logFiles=None), "logFiles"),
        (_file(logFiles=["x"]), "logFiles"),
        (_file(logFiles=[{"hashAlgorithm": "MD5"}]), "SHA-256"),
        (_file(logFiles=[{"s3Bucket": "b", "s3Object": "k"}]), "hashValue"),
    ],
)
def test_what_is_no_digest_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_digest(data, "00")


def test_a_file_that_inflates_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        inflate(gzip.compress(bytes(1_000_000)), limit=1000)


def test_keys_and_signatures_that_are_none_prove_nothing() -> None:
    curve = generate_private_key(SECP256R1()).public_key()
    der = curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert not is_signed(parse_digest(_file(), "00"), der)
    assert not is_signed(parse_digest(_file(), "00"), b"no key")
    assert not is_signed(parse_digest(_file(), "not hexadecimal"), b"no key")


def test_names() -> None:
    assert ends_at("a_20269931T110000Z.json.gz") is None
    assert ends_at("a.json.gz") is None
    assert organization_of("AWSLogs/o-exampleorgid/") == "o-exampleorgid"
    assert organization_of("AWSLogs/111122223333/") == ""
