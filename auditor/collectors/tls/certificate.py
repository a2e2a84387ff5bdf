"""Facts of certificates, out of their DER alone. Pure.

A certificate that this library cannot read, or a field that it does not know, gives no fact
instead of a default; the collector turns what is absent into a gap.

Standards: RFC 5280 (certificates), RFC 9525 (names: SAN only, whole left-most label as
wildcard), RFC 7633 (must-staple).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from auditor.core.times import format_duration, format_instant

_SIGNATURES: Mapping[str, str] = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "rsassaPss",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.2.840.10040.4.3": "dsa-with-SHA1",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_SIZED: Mapping[str, type[rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey]] = {
    "RSA": rsa.RSAPublicKey,
    "EC": ec.EllipticCurvePublicKey,
    "DSA": dsa.DSAPublicKey,
}
# Not ValueErrors in the library, though they say no more: the bytes are no good certificate.
UNREADABLE = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_WEAK_HASHES = frozenset({"md5", "sha1"})
_MIN_LABELS_UNDER_WILDCARD = 2


def parse_certificate(der: bytes) -> x509.Certificate:
    """One certificate.

    Raises:
        ValueError: It is none.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def parse_chain(ders: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates.

    Raises:
        ValueError: One of them is not a certificate; the message names its place.
    """
    chain: list[x509.Certificate] = []
    for place, der in enumerate(ders):
        try:
            chain.append(parse_certificate(der))
        except ValueError as error:
            raise ValueError(f"certificate {place} of the chain: {error}") from error
    return tuple(chain)


def leaf_facts(leaf: x509.Certificate) -> dict[str, object]:
    """The facts of the server's own certificate."""
    return {
        **_basic(leaf),
        "serial": f"{leaf.serial_number:x}",
        "lifetime": format_duration(leaf.not_valid_after_utc - leaf.not_valid_before_utc),
        "curve": _curve(leaf),
        "signature_algorithm": _signature_algorithm(leaf),
    }


def extension_facts(leaf: x509.Certificate) -> dict[str, object]:
    """The facts of its extensions.

    Raises:
        ValueError: An extension is malformed; then none of them is believed.
    """
    return {
        "sans": [*dns_names(leaf), *(str(address) for address in _addresses(leaf))],
        "must_staple": _must_staple(leaf),
        "ocsp_urls": ocsp_urls(leaf),
        "crl_urls": crl_urls(leaf),
    }


def chain_facts(chain: Sequence[x509.Certificate]) -> dict[str, object]:
    """The facts of the chain as sent."""
    pairs = pairwise(chain)
    return {
        "chain": [{**_basic(item), "ca": _is_ca(item)} for item in chain],
        "chain_not_after": format_instant(min(item.not_valid_after_utc for item in chain)),
        "chain_in_order": all(issued_by(item, issuer) for item, issuer in pairs),
        "issuer_sent": any(issued_by(chain[0], other) for other in chain),
        "weak_signatures": [
            item.subject.rfc4514_string()
            for item in chain
            if signature_hash(item) in _WEAK_HASHES and not (_is_ca(item) and self_signed(item))
        ],
    }


def name_matches(leaf: x509.Certificate, name: str) -> bool:
    """Whether the certificate is for the name: by SAN, never by the common name.

    Args:
        name: DNS name in ASCII, or an IP address.
    """
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return any(_dns_matches(pattern, name.lower()) for pattern in dns_names(leaf))
    return address in _addresses(leaf)


def dns_names(certificate: x509.Certificate) -> list[str]:
    """DNS names of the subject alternative name, in lower case."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)] if names else []


def self_signed(certificate: x509.Certificate) -> bool:
    """Whether its own key signed it."""
    return issued_by(certificate, certificate)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name fits, and its key as far as the algorithm can be checked."""
    try:
        return proven_issuer(certificate, issuer)
    except UnsupportedAlgorithm:
        return certificate.issuer == issuer.subject


def proven_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name fits and its key made the signature.

    Raises:
        UnsupportedAlgorithm: The signature cannot be checked.
    """
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError) as error:  # SHA-1, MD5, or a key unknown to the library
        raise UnsupportedAlgorithm(str(error)) from error
    return True


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def signature_hash(certificate: x509.Certificate) -> str | None:
    """Name of the hash under the signature; None where the algorithm has none of its own."""
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name if algorithm else None


def ocsp_urls(certificate: x509.Certificate) -> list[str]:
    """Responders that the certificate names."""
    access = _extension(certificate, x509.AuthorityInformationAccess)
    return [
        item.access_location.value
        for item in access or ()
        if item.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(item.access_location, x509.UniformResourceIdentifier)
    ]


def crl_urls(certificate: x509.Certificate) -> list[str]:
    """Places of the revocation list that the certificate names."""
    points = _extension(certificate, x509.CRLDistributionPoints)
    return [
        name.value
        for point in points or ()
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    ]


def is_valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether `at` lies in the certificate's validity."""
    return certificate.not_valid_before_utc <= at.astimezone(UTC) <= certificate.not_valid_after_utc


def _basic(certificate: x509.Certificate) -> dict[str, object]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": format_instant(certificate.not_valid_before_utc),
        "not_after": format_instant(certificate.not_valid_after_utc),
        **_key(certificate),
        **_hash(certificate),
        "fingerprint": fingerprint(certificate),
        "self_signed": self_signed(certificate),
    }


def _hash(certificate: x509.Certificate) -> dict[str, object]:
    try:
        return {"signature_hash": signature_hash(certificate)}
    except UnsupportedAlgorithm:
        return {}


def _key(certificate: x509.Certificate) -> dict[str, object]:
    """Type and size; no size for a key that this library does not know."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return {"key_type": certificate.public_key_algorithm_oid.dotted_string}
    for name, kind in _SIZED.items():
        if isinstance(key, kind):
            return {"key_type": name, "key_bits": key.key_size}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"key_type": "Ed25519", "key_bits": 256}
    if isinstance(key, ed448.Ed448PublicKey):
        return {"key_type": "Ed448", "key_bits": 456}
    return {"key_type": certificate.public_key_algorithm_oid.dotted_string}


def _curve(certificate: x509.Certificate) -> str | None:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else None


def _signature_algorithm(certificate: x509.Certificate) -> str:
    oid = certificate.signature_algorithm_oid.dotted_string
    return _SIGNATURES.get(oid, oid)


def _must_staple(certificate: x509.Certificate) -> bool:
    features = _extension(certificate, x509.TLSFeature)
    return features is not None and x509.TLSFeatureType.status_request in features


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _addresses(
    certificate: x509.Certificate,
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    values = names.get_values_for_type(x509.IPAddress) if names else []
    return [v for v in values if isinstance(v, ipaddress.IPv4Address | ipaddress.IPv6Address)]


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def _dns_matches(pattern: str, name: str) -> bool:
    if pattern == name:
        return True
    first, _, parent = name.partition(".")
    labels = parent.count(".") + 1
    under = bool(first) and labels >= _MIN_LABELS_UNDER_WILDCARD
    return under and pattern == f"*.{parent}"
