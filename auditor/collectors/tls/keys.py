"""Kinds of server keys: a server may hold one certificate of each, and shows one by the offer.

What a client sees depends on what it takes: one that takes RSA only gets another certificate than
one that prefers ECDSA. So each kind is offered alone, by cipher suite up to TLS 1.2 and by
signature scheme in TLS 1.3 (RFC 5246, 7.4.2; RFC 8446, 4.2.3). Not offered alone: DSA, and RSA
keys that are restricted to PSS; no client in use takes only these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from auditor.collectors.tls import suites, wire
from auditor.collectors.tls.certificate import parse_certificate
from auditor.collectors.tls.wire import Flight

OTHER = "other"
_VERSIONS = tuple(wire.VERSIONS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Args:
        suites: What the names of its cipher suites below TLS 1.3 contain.
        signatures: Its signature schemes.
        excluded: Schemes of another kind with the same cipher suites.
        since: The oldest protocol that has it.
        openssl: Words that keep OpenSSL's list of ciphers to it.
    """

    suites: str
    signatures: tuple[int, ...]
    excluded: tuple[int, ...]
    since: str
    openssl: str

    def offer(self, version: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Cipher suites and signature schemes of a hello that takes only this kind."""
        if version == "TLSv1.3":
            return suites.tls13(), self.signatures
        usable = tuple(
            suite for suite in suites.authenticated() if self.suites in suites.suite_name(suite)
        )
        return usable, tuple(s for s in wire.SIGNATURES if s not in self.excluded)

    def is_in(self, version: str) -> bool:
        """Whether the protocol has it."""
        return _VERSIONS.index(version) >= _VERSIONS.index(self.since)


_RSA = (0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0201, 0x0101)
_ECDSA = (0x0403, 0x0503, 0x0603, 0x0203)
_EDDSA = (0x0807, 0x0808)
KINDS: Mapping[str, Kind] = {
    "rsa": Kind("_RSA_", _RSA, (), "SSLv3", "!aECDSA:!aDSS"),
    "ecdsa": Kind("_ECDSA_", _ECDSA, _EDDSA, "TLSv1.0", "!aRSA:!aDSS"),
    "eddsa": Kind("_ECDSA_", _EDDSA, _ECDSA, "TLSv1.2", "!aRSA:!aDSS"),
}


def kind_of(der: bytes) -> str:
    """The kind of a certificate's key: a key of KINDS, `dsa`, or `other`."""
    try:
        key = parse_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return OTHER
    match key:
        case rsa.RSAPublicKey():
            return "rsa"
        case ec.EllipticCurvePublicKey():
            return "ecdsa"
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return "eddsa"
        case dsa.DSAPublicKey():
            return "dsa"
        case _:
            return OTHER


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate that the address serves.

    Args:
        name: `default` for the one that a client gets who takes every kind; the others are named
            by the kind of their key, from the second of a kind on with a number.
        flight: The newest one that shows it.
        in_clear: Whether it is also served below TLS 1.3.
    """

    name: str
    kind: str
    flight: Flight
    in_clear: bool


def leaves_of(flights: Iterable[Flight]) -> list[Leaf]:
    """The distinct certificates of flights that show one, in their order; the first is default."""
    shown: dict[bytes, list[Flight]] = {}
    for flight in flights:
        shown.setdefault(flight.chain[0], []).append(flight)
    leaves: list[Leaf] = []
    for der, same in shown.items():
        kind = kind_of(der)
        in_clear = any(flight.version != "TLSv1.3" for flight in same)
        leaves.append(Leaf(_name(kind, leaves), kind, same[0], in_clear))
    return leaves


def _name(kind: str, before: list[Leaf]) -> str:
    if not before:
        return "default"
    same = sum(leaf.kind == kind for leaf in before[1:])
    return f"{kind}-{same + 1}" if same else kind
