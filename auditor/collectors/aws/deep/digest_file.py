"""One digest file of CloudTrail: what it says, and whether its signature holds. Pure.

Sources: CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of
CloudTrail log file integrity validation". A digest is gzipped JSON; its RSA signature (PKCS#1 v1.5,
SHA-256) stands in the metadata of its object, and is made over its end, its place, the SHA-256 of
the document as inflated, and the signature of the digest before it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from auditor.core.times import parse_instant

MAX_DIGEST_BYTES = 64 * 1024 * 1024
_ALGORITHM = "SHA256withRSA"
_HASH = "SHA-256"
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class LogName:
    """A log file, as a digest names it; `sha256` is of the file as inflated, in hexadecimal."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The digest before, as a digest names it."""

    bucket: str
    key: str
    sha256: str
    signature: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest file.

    Args:
        place: `bucket/key` that the document states.
        sha256: Of the document as inflated, in hexadecimal.
        signature: In hexadecimal, as its object has it; "" where it has none.
        signed: The text that the signature is made over.
        previous: None in the first digest of a chain.
    """

    place: str
    start: datetime
    end: datetime
    fingerprint: str
    sha256: str
    signature: str
    signed: bytes
    previous: Previous | None
    logs: Sequence[LogName]


def inflate(data: bytes, limit: int = MAX_DIGEST_BYTES) -> bytes:
    """The content of exactly one gzip member.

    Raises:
        ValueError: It is no gzip, is cut, goes on behind its end, or is longer than the limit.
    """
    inflater = zlib.decompressobj(_GZIP)
    try:
        content = inflater.decompress(data, limit)
    except zlib.error as error:
        raise ValueError(f"no gzip file: {error}") from error
    if not inflater.eof or inflater.unused_data:
        raise ValueError("the gzip file is cut, too long, or goes on behind its end")
    return content


def parse_digest(data: bytes, signature: str) -> Digest:
    """The digest in the bytes of an object.

    Raises:
        ValueError: It is none.
    """
    content = inflate(data)
    try:
        document = json.loads(content)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    if document.get("digestSignatureAlgorithm", _ALGORITHM) != _ALGORITHM:
        raise ValueError(f"digestSignatureAlgorithm is not {_ALGORITHM}")
    place = f"{_text(document, 'digestS3Bucket')}/{_text(document, 'digestS3Object')}"
    digest = hashlib.sha256(content).hexdigest()
    before = _previous(document)
    end = _text(document, "digestEndTime")
    signed = "\n".join((end, place, digest, before.signature if before else "null"))
    return Digest(
        place=place,
        start=parse_instant(_text(document, "digestStartTime")),
        end=parse_instant(end),
        fingerprint=_text(document, "digestPublicKeyFingerprint"),
        sha256=digest,
        signature=signature,
        signed=signed.encode(),
        previous=before,
        logs=_logs(document),
    )


def is_signed(digest: Digest, key_der: bytes) -> bool:
    """Whether the signature is the key's; the key is DER, as cloudtrail:ListPublicKeys gives it."""
    try:
        key = load_der_public_key(key_der)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(bytes.fromhex(digest.signature), digest.signed, PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _previous(document: Mapping[str, object]) -> Previous | None:
    """All of the parts, or none of them."""
    names = (
        "previousDigestS3Bucket", "previousDigestS3Object", "previousDigestHashValue",
        "previousDigestSignature",
    )  # fmt: skip
    if document.get("previousDigestSignature") is None:
        stated = [name for name in names if document.get(name) is not None]
        if stated or "previousDigestSignature" not in document:
            raise ValueError("states a previous digest without its signature")
        return None
    if document.get("previousDigestHashAlgorithm", _HASH) != _HASH:
        raise ValueError(f"previousDigestHashAlgorithm is not {_HASH}")
    return Previous(*(_text(document, name) for name in names))


def _logs(document: Mapping[str, object]) -> list[LogName]:
    found = document.get("logFiles")
    if not isinstance(found, list):
        raise ValueError("logFiles: not a list")
    return [_log(entry) for entry in found]


def _log(entry: object) -> LogName:
    if not isinstance(entry, dict) or entry.get("hashAlgorithm", _HASH) != _HASH:
        raise ValueError(f"logFiles: an entry without a hash of {_HASH}")
    return LogName(*(_text(entry, name) for name in ("s3Bucket", "s3Object", "hashValue")))


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: got {value!r:.60}, expected text")
    return value
