"""The signing port, and the check of a signature by a public key.

Whoever signs (a file, an HSM, a key service) implements `Signer`; this package never sees a
private key. ECDSA P-256 with SHA-256, which key services, X.509 and PDF share, for statements;
Ed25519 for the log, and ML-DSA-44 for a second signature beside it. Standards: FIPS 186-5, RFC
8032, FIPS 204; keys as SubjectPublicKeyInfo PEM.
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
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from auditor.errors import ConfigError, LedgerError, VerificationError
from auditor.ledger.note import NoteKey

Algorithm = Literal["ecdsa-p256-sha256", "ed25519", "ml-dsa-44"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | MLDSA44PublicKey
KINDS = "ECDSA P-256, Ed25519 or ML-DSA-44"


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
        """The signature of the data: DER for ECDSA, raw for the others."""
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
    if isinstance(key, (Ed25519PublicKey, MLDSA44PublicKey)):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ConfigError(f"got a public key of kind {type(key).__name__}, expected {KINDS}")


def algorithm_of(key: PublicKey) -> Algorithm:
    """The algorithm of a key."""
    if isinstance(key, Ed25519PublicKey):
        return "ed25519"
    return "ml-dsa-44" if isinstance(key, MLDSA44PublicKey) else "ecdsa-p256-sha256"


def public_pem(key: PublicKey) -> str:
    """The PEM text of a public key."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


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
            f"the log's key must be an Ed25519 key, this one is for {algorithm_of(key)}",
            hint="name the Ed25519 key that auditor init made as keys/log.pem",
        )
    return key.public_bytes_raw()


def note_key(pem: str, origin: str) -> NoteKey:
    """A public key as the log `origin` names it; its `.vkey` goes into the trust policy.

    Raises:
        ConfigError: Not an Ed25519 key, or the origin cannot name a log.
    """
    try:
        return NoteKey(origin, raw_ed25519(pem))
    except LedgerError as error:
        raise ConfigError(error.message, hint=error.hint) from error


def note_key_pem(key: NoteKey) -> str:
    """The inverse of `note_key`: the public half of a log's key, PEM.

    Raises:
        ConfigError: The bytes are no Ed25519 key.
    """
    try:
        return public_pem(Ed25519PublicKey.from_public_bytes(key.public))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"not an Ed25519 key: {error}") from error


def checked_signature(signer: Signer, data: bytes) -> bytes:
    """A signature that verifies under the signer's own public key, or none at all.

    Whatever holds the key (a token, a service, a stand-in) may sign with another one or another
    way than it says; that must be found before the signature is stored.

    Raises:
        VerificationError: The signer gave something else.
    """
    signature = signer.sign(data)
    try:
        verify_signature(signer.public_key, signer.algorithm, data, signature)
    except VerificationError as error:
        raise VerificationError(
            f"the signature does not verify under the signer's own key {signer.key_id[:16]}",
            hint="nothing was stored; whoever holds the key signs otherwise than it says",
        ) from error
    return signature


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
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, data, ECDSA(SHA256()))
        else:
            key.verify(signature, data)
    except InvalidSignature as error:
        raise VerificationError("the signature does not fit the data and the key") from error
