"""The server's encrypted flight of TLS 1.3, opened to see certificate, staple and requests.

TLS 1.3 encrypts the certificate under keys that any client agrees in the open; this module runs
that key schedule up to the server's handshake keys (RFC 8446, 7.1 to 7.3) and no further. It
authenticates nobody: whom to trust is `trust.py`'s, with OpenSSL.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.collectors.tls.wire import WireError

_X25519 = 29
_CURVES: Mapping[int, type[ec.EllipticCurve]] = {
    23: ec.SECP256R1,
    24: ec.SECP384R1,
    25: ec.SECP521R1,
}
_SUITES: Mapping[int, tuple[str, int, type[AESGCM | ChaCha20Poly1305]]] = {
    0x1301: ("sha256", 16, AESGCM),
    0x1302: ("sha384", 32, AESGCM),
    0x1303: ("sha256", 32, ChaCha20Poly1305),
}
_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
}
_IV_BYTES = 12


class KeyShares:
    """One key pair for each group, made for one connection."""

    def __init__(self) -> None:
        self._x25519 = x25519.X25519PrivateKey.generate()
        self._ec = {group: ec.generate_private_key(curve()) for group, curve in _CURVES.items()}

    def public(self) -> dict[int, bytes]:
        """Group to public key, in order of preference."""
        shares = {_X25519: self._x25519.public_key().public_bytes_raw()}
        for group, key in self._ec.items():
            point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            shares[group] = point
        return shares

    def agree(self, group: int, peer: bytes) -> bytes:
        """The shared secret.

        Raises:
            WireError: A group that was not offered, or no point of it.
        """
        try:
            if group == _X25519:
                return self._x25519.exchange(x25519.X25519PublicKey.from_public_bytes(peer))
            point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[group](), peer)
            return self._ec[group].exchange(ec.ECDH(), point)
        except (KeyError, ValueError) as error:
            raise WireError(f"key share of group {group} is not usable: {error}") from error


class ServerRecords:
    """Opens the records that the server sends up to its Finished.

    Args:
        suite: Cipher suite that the server chose.
        secret: Shared secret of the key shares.
        transcript: ClientHello and ServerHello, as messages.
    """

    def __init__(self, suite: int, secret: bytes, transcript: bytes) -> None:
        if suite not in _SUITES:
            raise WireError(f"the server chose suite 0x{suite:04X}, which was not offered")
        self._hash, key_bytes, aead = _SUITES[suite]
        traffic = self._traffic_secret(secret, transcript)
        self._aead = aead(self._expand(traffic, "key", b"", key_bytes))
        self._iv = int.from_bytes(self._expand(traffic, "iv", b"", _IV_BYTES), "big")
        self._count = 0

    def open(self, header: bytes, body: bytes) -> tuple[int, bytes]:
        """The true content type and content of one record.

        Args:
            header: The record's five bytes in clear.
            body: Ciphertext and tag.

        Raises:
            WireError: It was not sealed with these keys.
        """
        nonce = (self._iv ^ self._count).to_bytes(_IV_BYTES, "big")
        self._count += 1
        try:
            inner = self._aead.decrypt(nonce, body, header).rstrip(b"\0")
        except (InvalidTag, ValueError) as error:
            raise WireError("an encrypted record does not open") from error
        if not inner:
            raise WireError("an encrypted record has no content type")
        return inner[-1], inner[:-1]

    def _traffic_secret(self, secret: bytes, transcript: bytes) -> bytes:
        size = hashlib.new(self._hash).digest_size
        early = self._extract(bytes(size), bytes(size))
        salt = self._expand(early, "derived", hashlib.new(self._hash).digest(), size)
        handshake = self._extract(salt, secret)
        seen = hashlib.new(self._hash, transcript).digest()
        return self._expand(handshake, "s hs traffic", seen, size)

    def _extract(self, salt: bytes, secret: bytes) -> bytes:
        return hmac.new(salt, secret, self._hash).digest()

    def _expand(self, secret: bytes, label: str, context: bytes, size: int) -> bytes:
        """HKDF-Expand-Label (RFC 8446, 7.1)."""
        name = b"tls13 " + label.encode("ascii")
        info = size.to_bytes(2, "big") + bytes([len(name)]) + name
        info += bytes([len(context)]) + context
        return HKDFExpand(_HASHES[self._hash](), size, info).derive(secret)
