"""TLS on the wire, as far as a look at a server needs it: write a ClientHello, read the answer.

Pure: bytes in, bytes out. An own hello, and not the local TLS library, because a present-day
library can no longer offer SSLv3, RC4 or EXPORT, and what was not offered was not refused. No
secret is ever agreed here; whether the chain is trusted is `trust.py`'s, with OpenSSL.

Standards: RFC 6101 (SSL 3.0), RFC 5246 (TLS 1.2), RFC 8446 (TLS 1.3), RFC 6066 (server name,
status request), RFC 4492 (elliptic curves).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.collectors.tls.suites import has_dh_group

VERSIONS: Mapping[str, int] = {
    "SSLv3": 0x0300,
    "TLSv1.0": 0x0301,
    "TLSv1.1": 0x0302,
    "TLSv1.2": 0x0303,
    "TLSv1.3": 0x0304,
}
VERSION_NAMES = {number: name for name, number in VERSIONS.items()}
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE = 1, 2, 8, 11
SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE = 12, 13, 14
CLIENT_KEY_EXCHANGE, FINISHED, CERTIFICATE_STATUS = 16, 20, 22
_EXT_NAME, _EXT_STATUS, _EXT_GROUPS, _EXT_POINTS, _EXT_SIGNATURES = 0, 5, 10, 11, 13
_EXT_MASTER_SECRET, _EXT_VERSIONS, _EXT_PSK_MODES, _EXT_KEY_SHARE = 23, 43, 45, 51
_EXT_CHAIN_SIGNATURES = 50
_EXT_RENEGOTIATION = 0xFF01
# x25519, secp256r1, secp384r1, secp521r1, x448, secp256k1 and the Brainpool curves. No ffdhe
# groups: a server that knows them would hide the group that it serves to older clients.
_GROUPS = (29, 23, 24, 25, 30, 22, 26, 27, 28)
# TLS 1.3: those with a key share, and those for which the server may ask (then it is accepted,
# though its certificate stays unread): x448 and ffdhe.
_GROUPS_13 = (29, 23, 24, 25, 30, 256, 257, 258, 259, 260)
SIGNATURES = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),
    *(0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0202, 0x0101),
)
# SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3): such a ServerHello asks for another key share.
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    47: "illegal_parameter",
    48: "unknown_ca",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    116: "certificate_required",
}
_WARNING = 1
MAX_RECORD = 2**14 + 2048


class WireError(ValueError):
    """The bytes are not TLS, or break off in the middle of a message."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What one ClientHello offers: exactly one protocol.

    Args:
        version: Key of VERSIONS.
        suites: Numbers of the cipher suites, in order of preference.
        server_name: Sent as SNI; None sends none (an address must not be sent, RFC 6066, 3).
        random: 32 bytes.
        key_shares: TLS 1.3: group to public key.
        signatures: Schemes that the server may sign the handshake with; certificates of its chain
            may be signed with all of them (RFC 8446, 4.2.3).
    """

    version: str
    suites: tuple[int, ...]
    server_name: str | None
    random: bytes
    key_shares: Mapping[int, bytes] | None = None
    signatures: tuple[int, ...] = SIGNATURES

    def message(self) -> bytes:
        """The handshake message, which the key schedule of TLS 1.3 hashes."""
        number = VERSIONS[self.version]
        suites = (*self.suites, 0x00FF)  # RFC 5746: strict servers refuse clients without it
        session = self.random if self.version == "TLSv1.3" else b""  # middlebox mode, RFC 8446, D.4
        body = struct.pack(">H", min(number, VERSIONS["TLSv1.2"])) + self.random
        body += _vector(session, 1) + _vector(_numbers(suites), 2) + b"\x01\x00"
        if number > VERSIONS["SSLv3"]:
            body += _vector(self._extensions(), 2)
        return bytes([CLIENT_HELLO]) + _vector(body, 3)

    def record(self) -> bytes:
        """The message in one record, as it is sent."""
        legacy = min(VERSIONS[self.version], VERSIONS["TLSv1.0"])
        return struct.pack(">BH", HANDSHAKE, legacy) + _vector(self.message(), 2)

    def _extensions(self) -> bytes:
        items: list[tuple[int, bytes]] = []
        if self.server_name is not None:
            name = b"\x00" + _vector(self.server_name.encode("ascii"), 2)
            items.append((_EXT_NAME, _vector(name, 2)))
        items += [
            (_EXT_STATUS, b"\x01\x00\x00\x00\x00"),
            (_EXT_GROUPS, _vector(_numbers(_GROUPS_13 if self.key_shares else _GROUPS), 2)),
            (_EXT_POINTS, b"\x01\x00"),
            (_EXT_SIGNATURES, _vector(_numbers(self.signatures), 2)),
        ]
        if self.signatures != SIGNATURES:
            items.append((_EXT_CHAIN_SIGNATURES, _vector(_numbers(SIGNATURES), 2)))
        if self.key_shares is None:
            items += [(_EXT_MASTER_SECRET, b""), (_EXT_RENEGOTIATION, b"\x00")]
        else:
            shares = (_numbers((g,)) + _vector(key, 2) for g, key in self.key_shares.items())
            items += [
                (_EXT_VERSIONS, _vector(_numbers((VERSIONS[self.version],)), 1)),
                (_EXT_PSK_MODES, b"\x01\x01"),
                (_EXT_KEY_SHARE, _vector(b"".join(shares), 2)),
            ]
        return b"".join(_numbers((kind,)) + _vector(data, 2) for kind, data in items)


@dataclass(frozen=True, slots=True)
class ServerHello:
    """The server's choice. `key_share` is (group, public key) in TLS 1.3."""

    version: int
    suite: int
    retry: bool = False
    key_share: tuple[int, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """The server's first flight, complete: it accepted what was offered."""

    version: str
    suite: int
    chain: tuple[bytes, ...] = ()
    staple: bytes | None = None
    dh_bits: int | None = None
    certificate_requested: bool = False


class Reader:
    """Takes bytes off the front of a message; WireError where they are missing."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise WireError(f"message ends {count - len(part)} bytes early")
        self._at += count
        return part

    def number(self, size: int) -> int:
        """A big-endian number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """Bytes after their own length, which is `size` bytes long."""
        return self.take(self.number(size))

    @property
    def rest(self) -> bool:
        """Whether bytes are left."""
        return self._at < len(self._data)


def parse_messages(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The complete handshake messages (kind, body) in a buffer, and what is left over."""
    messages: list[tuple[int, bytes]] = []
    while len(buffer) >= 4:  # noqa: PLR2004 - one byte of kind, three of length
        size = int.from_bytes(buffer[1:4], "big")
        if len(buffer) < 4 + size:
            break
        messages.append((buffer[0], buffer[4 : 4 + size]))
        buffer = buffer[4 + size :]
    return messages, buffer


def parse_server_hello(body: bytes) -> ServerHello:
    """The server's choice out of a ServerHello or HelloRetryRequest.

    Raises:
        WireError: It breaks off.
    """
    reader = Reader(body)
    version, random = reader.number(2), reader.take(32)
    reader.vector(1)
    suite = reader.number(2)
    reader.take(1)
    extensions = dict(_extensions(reader.vector(2))) if reader.rest else {}
    if _EXT_VERSIONS in extensions:
        version = int.from_bytes(extensions[_EXT_VERSIONS], "big")
    retry = random == _RETRY
    share = None
    if _EXT_KEY_SHARE in extensions and not retry:
        entry = Reader(extensions[_EXT_KEY_SHARE])
        share = (entry.number(2), entry.vector(2))
    return ServerHello(version, suite, retry, share)


def add_message(flight: Flight, kind: int, body: bytes) -> Flight:
    """The flight with one more message of TLS 1.2 or older taken in.

    Raises:
        WireError: It breaks off.
    """
    if kind == CERTIFICATE:
        return replace(flight, chain=parse_certificates(body))
    if kind == CERTIFICATE_STATUS:
        return replace(flight, staple=_status(body))
    if kind == SERVER_KEY_EXCHANGE and has_dh_group(flight.suite):
        prime = Reader(body).vector(2)
        return replace(flight, dh_bits=int.from_bytes(prime, "big").bit_length())
    if kind == CERTIFICATE_REQUEST:
        return replace(flight, certificate_requested=True)
    return flight


def add_message_13(flight: Flight, kind: int, body: bytes) -> Flight:
    """The flight with one more decrypted message of TLS 1.3 taken in.

    Raises:
        WireError: It breaks off.
    """
    if kind == CERTIFICATE_REQUEST:
        return replace(flight, certificate_requested=True)
    if kind != CERTIFICATE:
        return flight
    reader = Reader(body)
    reader.vector(1)
    entries = Reader(reader.vector(3))
    chain: list[bytes] = []
    staple = None
    while entries.rest:
        chain.append(entries.vector(3))
        extensions = dict(_extensions(entries.vector(2)))
        if len(chain) == 1 and _EXT_STATUS in extensions:
            staple = _status(extensions[_EXT_STATUS])
    return replace(flight, chain=tuple(chain), staple=staple)


def parse_certificates(body: bytes) -> tuple[bytes, ...]:
    """DER of the chain in a Certificate message of TLS 1.2 or older.

    Raises:
        WireError: It breaks off.
    """
    entries = Reader(Reader(body).vector(3))
    chain: list[bytes] = []
    while entries.rest:
        chain.append(entries.vector(3))
    return tuple(chain)


def alert_text(body: bytes) -> str | None:
    """`alert handshake_failure`; None for a warning, after which the handshake goes on.

    Raises:
        WireError: It breaks off.
    """
    reader = Reader(body)
    level, code = reader.number(1), reader.number(1)
    if level == _WARNING and code != 0:
        return None
    return f"alert {_ALERTS.get(code, str(code))}"


def _status(body: bytes) -> bytes:
    reader = Reader(body)
    if reader.number(1) != 1:
        raise WireError("certificate status is not of type ocsp")
    return reader.vector(3)


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    reader = Reader(data)
    while reader.rest:
        yield reader.number(2), reader.vector(2)


def _vector(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def _numbers(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)
