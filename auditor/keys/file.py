"""Private keys in files: PKCS#8 PEM, encrypted when a passphrase is given.

The cryptography library makes, encrypts and reads them (PBES2, RFC 8018). The file is readable by
its owner alone and is never overwritten.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from auditor.attest.signing import KINDS, Algorithm, algorithm_of, key_id, note_key, public_pem
from auditor.errors import ConfigError
from auditor.ledger.note import NoteKey

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSA44PrivateKey
_PASSPHRASE_HINT = "set AUDITOR_KEY_PASSPHRASE to the passphrase of this key"  # noqa: S105 - a name
_MAX_FILE = 64 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class FileKey:
    """A signer whose private key was read from a file. Its repr shows the public half only."""

    private: PrivateKey
    path: Path

    def __repr__(self) -> str:
        return f"FileKey({str(self.path)!r}, key_id={self.key_id!r})"

    @property
    def algorithm(self) -> Algorithm:
        """`ed25519` for logs, `ecdsa-p256-sha256` for runs, `ml-dsa-44` beside a log's key."""
        return algorithm_of(self.private.public_key())

    @property
    def public_key(self) -> str:
        """The public key, PEM."""
        return public_pem(self.private.public_key())

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key."""
        return key_id(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The signature of the data: DER for ECDSA, raw for the others."""
        if isinstance(self.private, EllipticCurvePrivateKey):
            return self.private.sign(data, ECDSA(SHA256()))
        return self.private.sign(data)

    def note_key(self, origin: str) -> NoteKey:
        """The key as the log `origin` names it; its `.vkey` goes into the trust policy.

        Raises:
            ConfigError: Not an Ed25519 key.
        """
        return note_key(self.public_key, origin)


def generate_key(path: Path, algorithm: Algorithm, passphrase: bytes | None = None) -> FileKey:
    """Make a key pair and write the private key to a new file, mode 0600.

    Args:
        path: File that does not exist yet; its folder does.
        algorithm: `ecdsa-p256-sha256` for runs, `ed25519` for the log, `ml-dsa-44` beside it.
        passphrase: Encrypts the file; None leaves it plain, b"" is refused.

    Raises:
        ConfigError: The file exists or cannot be written, or the passphrase is empty.
    """
    private = _generate(algorithm)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption(passphrase, path))
    _write_new(path, pem)
    return FileKey(private, path)


def load_key(path: Path, passphrase: bytes | None = None) -> FileKey:
    """Read a private key.

    Args:
        path: PKCS#8 PEM file.
        passphrase: For an encrypted file; not used for a plain one.

    Raises:
        ConfigError: Missing or unreadable file, missing or wrong passphrase, another kind of key.
    """
    private = _parse(path, _read(path), passphrase)
    if isinstance(private, (Ed25519PrivateKey, MLDSA44PrivateKey)):
        return FileKey(private, path)
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return FileKey(private, path)
    raise ConfigError(
        f"got a key of kind {type(private).__name__}, expected {KINDS}", where=str(path)
    )


def _generate(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "ed25519":
        return Ed25519PrivateKey.generate()
    if algorithm == "ml-dsa-44":
        return MLDSA44PrivateKey.generate()
    return generate_private_key(SECP256R1())


def _parse(path: Path, pem: bytes, passphrase: bytes | None) -> object:
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise ConfigError("the key is encrypted", hint=_PASSPHRASE_HINT, where=str(path))
    try:
        return load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise ConfigError(
                "the passphrase does not open the key", hint=_PASSPHRASE_HINT, where=str(path)
            ) from error
        raise ConfigError(
            "not a private key in PKCS#8 PEM form",
            hint="auditor keys new FILE makes one",
            where=str(path),
        ) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE)
    except OSError as error:
        raise ConfigError(
            f"the key cannot be read: {error.strerror}",
            hint="auditor init makes one; `keys` in auditor.yaml says where it is",
            where=str(path),
        ) from error


def _encryption(passphrase: bytes | None, path: Path) -> KeySerializationEncryption:
    if passphrase is None:
        return NoEncryption()
    if not passphrase:
        raise ConfigError("the passphrase is empty", hint=_PASSPHRASE_HINT, where=str(path))
    return BestAvailableEncryption(passphrase)


def _write_new(path: Path, pem: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError as error:
        raise ConfigError(
            "a file is there already, and a key is never overwritten",
            hint="name another file",
            where=str(path),
        ) from error
    except OSError as error:
        raise ConfigError(
            f"the key cannot be written: {error.strerror}", where=str(path)
        ) from error
