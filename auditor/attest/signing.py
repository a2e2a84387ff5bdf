"""The signing port, and the check of a signature by a public key.

Whoever signs (a file, an HSM, a key service) implements `Signer`; this package never sees a
private key. Two algorithms: ECDSA P-256 with SHA-256, which key services, X.509 and PDF share, for
statements; Ed25519 for the log. Standards: FIPS 186-5, RFC 8032; keys as SubjectPublicKeyInfo PEM.
"""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol, get_args

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from auditor.errors import ConfigError, VerificationError

Algorithm = Literal["ecdsa-p256-sha256", "ed25519"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey


class Signer(Protocol):
    """Something that holds a private key and signs with it."""

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key's SubjectPublicKeyInfo in DER."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """Which signatures it makes."""
        ...

    @property
    def public_key(self) -> str:
        """The public key, PEM."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The signature of the data: DER for ECDSA, 64 bytes for Ed25519."""
        ...


def load_public_key(pem: str) -> PublicKey:
    """The public key of a PEM text.

    Raises:
        ConfigError: Not a public key, or of a kind that is not used here.
    """
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"not a public key in PEM form: {error}") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ConfigError(
        f"got a public key of kind {type(key).__name__}, expected ECDSA P-256 or Ed25519"
    )


def algorithm_of(key: PublicKey) -> Algorithm:
    """The algorithm of a key."""
    return "ed25519" if isinstance(key, Ed25519PublicKey) else "ecdsa-p256-sha256"


def key_id(pem: str) -> str:
    """SHA-256 (hex) of the key's SubjectPublicKeyInfo; the same on every machine.

    `openssl pkey -pubin -in KEY -outform DER | sha256sum` prints it.
    """
    der = load_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def raw_ed25519(pem: str) -> bytes:
    """The 32 bytes of an Ed25519 public key, as log keys are written.

    Raises:
        ConfigError: A key of another kind.
    """
    key = load_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(
            "the log's key is not an Ed25519 key",
            hint="name the Ed25519 key that auditor init made as keys/log.pem",
        )
    return key.public_bytes_raw()


def verify_signature(pem: str, algorithm: str, data: bytes, signature: bytes) -> None:
    """Check a signature.

    Args:
        pem: Public key.
        algorithm: One of ALGORITHMS; must be the key's own.
        data: What was signed.
        signature: As `Signer.sign` makes it.

    Raises:
        VerificationError: Not a signature of the data by this key.
        ConfigError: The key cannot be read.
    """
    key = load_public_key(pem)
    if algorithm_of(key) != algorithm:
        raise VerificationError(f"a key for {algorithm_of(key)} cannot sign as {algorithm}")
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, data)
        else:
            key.verify(signature, data, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise VerificationError("the signature does not fit the data and the key") from error
