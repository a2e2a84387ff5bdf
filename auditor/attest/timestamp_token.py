"""What an RFC 3161 answer says, read strictly; whether it is true is for `timestamps`.

An answer is a DER TimeStampResp: a status, and a token, which is CMS SignedData over TSTInfo. Here
are the checks that rfc3161-client does not make: the versions and the algorithm that the signature
does not cover, and the signed reference to the signer's certificate (ESSCertID). One form is put
right before the library reads it: OpenSSL's authorities send certificates in the order of the
chain (`certs`, `-chain`), where DER wants a SET OF sorted by its bytes, and the library refuses the
answer unless they happen to be. The order of certificates is not signed and means nothing.
Standards: RFC 3161 section 2.4.2, RFC 5652 section 5, RFC 5816.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from rfc3161_client import Accuracy, PKIStatus, TimeStampResponse, decode_timestamp_response

from auditor.attest import der
from auditor.errors import UndecidableError, VerificationError

MAX_TOKEN = 64 * 1024
MAX_CERTIFICATES = 16
HASHES: Mapping[str, str] = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_REFERENCE_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_PLAIN_RSA = "1.2.840.113549.1.1.1"
# The signature algorithm names its digest, which must be the one that was used.
_SIGNATURES: Mapping[str, str] = {
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SIGNED_DATA_VERSION = b"\x03"  # RFC 5652, 5.1: content of a type other than id-data
_SIGNER_VERSION = b"\x01"  # RFC 5652, 5.3: the signer is named by issuer and serial number
_LONGEST_S = 10**9  # what timedelta can hold; an accuracy of years is as good as none
_REFUSALS = (
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """A token, not verified.

    Args:
        response: For the library that verifies it; its certificates are in order.
        time: When the authority says that it saw the digest, UTC.
        accuracy: How far from the truth the time may be.
        hash_name, imprint: Digest of what was stamped, and the name of the hash in hashlib.
        nonce: That of the request, None without one.
        signer: Certificate of the authority.
        certificates: All that the token carries, the signer's among them.
    """

    response: TimeStampResponse
    time: datetime
    accuracy: timedelta
    hash_name: str
    imprint: bytes
    nonce: int | None
    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]

    def check_imprint(self, message: bytes) -> None:
        """Check that these bytes were stamped.

        Raises:
            VerificationError: Others were.
        """
        if hashlib.new(self.hash_name, message).digest() != self.imprint:
            raise VerificationError("the time-stamp is over other bytes than this signature")


def parse_token(data: bytes) -> Token:
    """Read the answer of a time-stamp authority.

    Args:
        data: DER of a TimeStampResp, as `signedTimestamp` of a Sigstore bundle holds it.

    Raises:
        VerificationError: No token, or not in the form that the standards lay down.
        UndecidableError: The certificate of the signer is not in it.
    """
    if len(data) > MAX_TOKEN:
        raise VerificationError(f"a time-stamp of {len(data)} bytes, expected at most {MAX_TOKEN}")
    ordered = _in_order(data)
    response = read_by_library(lambda: decode_timestamp_response(ordered))
    _check_status(response)
    signed_data = _signed_data(ordered)
    signer_info = _signer_info(signed_data)
    certificates = _certificates(signed_data)
    signer = _signer(response, certificates)
    _check_algorithms(signer_info)
    _check_reference(signer_info, signer)
    info = read_by_library(lambda: response.tst_info)
    imprint = info.message_imprint
    hash_name = HASHES.get(imprint.hash_algorithm.dotted_string)
    if hash_name is None:
        raise VerificationError(
            f"the digest is {imprint.hash_algorithm.dotted_string}, not of SHA-256, 384 or 512"
        )
    return Token(
        response=response,
        time=info.gen_time.astimezone(UTC),
        accuracy=_accuracy(response),
        hash_name=hash_name,
        imprint=imprint.message,
        nonce=info.nonce,
        signer=signer,
        certificates=certificates,
    )


def read_by_library(call: Callable[[], T]) -> T:
    """What a library makes of a time-stamp, with its refusals as ours.

    Raises:
        VerificationError: It refuses.
    """
    try:
        return call()
    except _REFUSALS as error:
        raise VerificationError(f"not a time-stamp of RFC 3161: {error}") from error


def _check_status(response: TimeStampResponse) -> None:
    status = response.status
    if status == PKIStatus.GRANTED:
        return
    known = {item.value: item.name.lower() for item in PKIStatus}
    said = "; ".join(response.status_string)[:200]
    raise VerificationError(
        f"the authority answered {known.get(status, status)!r}" + (f": {said!r}" if said else "")
    )


def _in_order(data: bytes) -> bytes:
    """The answer with its certificates sorted as DER wants a SET OF, and without useless ones."""
    parts = der.read_element(data, der.SEQUENCE).children()
    if len(parts) <= 1:
        return data  # a status alone, or nothing: there is no order in it
    kind, wrapped = parts[1].child(0), parts[1].child(1)
    signed_data = der.read_element(wrapped.content, der.SEQUENCE)
    fields = b"".join(_sorted(field) for field in signed_data.children())
    again = der.encode(wrapped.tag, der.encode(der.SEQUENCE, fields))
    rest = (item.raw for item in parts[1].children()[2:])  # nothing, or the library refuses it
    token = der.encode(parts[1].tag, b"".join((kind.raw, again, *rest)))
    after = (part.raw for part in parts[2:])  # idem
    return der.encode(der.SEQUENCE, b"".join((parts[0].raw, token, *after)))


def _sorted(field: der.Element) -> bytes:
    if field.tag != der.CONTEXT_0:
        return field.raw
    certificates = sorted(item.raw for item in field.children() if _has_serial(item))
    return der.encode(field.tag, b"".join(certificates))


def _has_serial(certificate: der.Element) -> bool:
    """A certificate needs a positive serial number (RFC 5280, 4.1.2.2); libraries stumble else."""
    body = certificate.child(0)
    serial = body.child(1 if body.child(0).tag == der.CONTEXT_0 else 0)  # the version may be there
    return int.from_bytes(serial.content, "big", signed=True) > 0


def _signed_data(data: bytes) -> list[der.Element]:
    """The fields of SignedData; the library has found the way there to be as it must be."""
    token = der.read_element(data, der.SEQUENCE).child(1)
    fields = der.read_element(token.child(1).content, der.SEQUENCE).children()
    if fields[0].content != _SIGNED_DATA_VERSION:
        raise VerificationError("the token's SignedData is not of version 3")
    return fields


def _signer_info(signed_data: list[der.Element]) -> list[der.Element]:
    signers = signed_data[-1].children()
    if len(signers) != 1:
        raise VerificationError(f"the token has {len(signers)} signers, expected one")
    fields = signers[0].children()
    if fields[0].content != _SIGNER_VERSION:
        raise VerificationError("the token's SignerInfo is not of version 1")
    return fields


def _certificates(signed_data: list[der.Element]) -> tuple[x509.Certificate, ...]:
    sets = [field for field in signed_data if field.tag == der.CONTEXT_0]
    found = [item.raw for field in sets for item in field.children()]
    if len(found) > MAX_CERTIFICATES:
        raise VerificationError(f"the token carries {len(found)} certificates")
    return tuple(read_by_library(partial(_certificate, raw)) for raw in found)


def _certificate(raw: bytes) -> x509.Certificate:
    """A certificate of which everything that is used here can be read."""
    certificate = x509.load_der_x509_certificate(raw)
    for name in ("issuer", "subject", "version"):
        getattr(certificate, name)  # read when it is asked for, and refused only then
    return certificate


def _signer(
    response: TimeStampResponse, certificates: tuple[x509.Certificate, ...]
) -> x509.Certificate:
    signers = read_by_library(lambda: response.signed_data.signer_infos)
    named = read_by_library(lambda: [(one.issuer, one.serial_number) for one in signers])
    for certificate in certificates:
        if (certificate.issuer, certificate.serial_number) == named[0]:
            return certificate
    raise UndecidableError("the time-stamp does not carry the certificate of its signer")


def _check_algorithms(signer_info: list[der.Element]) -> None:
    """The algorithms of the signature, which nothing signs, fit each other and are not weak."""
    used = HASHES.get(signer_info[2].child(0).identifier)
    if used is None:
        raise VerificationError("the token is signed over a digest other than SHA-256, 384 or 512")
    # Signer, digest algorithm, signature algorithm: the signed attributes are no SEQUENCE.
    algorithm = [field for field in signer_info if field.tag == der.SEQUENCE][2]
    name = algorithm.child(0).identifier
    if name != _PLAIN_RSA and _SIGNATURES.get(name) != used:
        raise VerificationError(f"the token's signature algorithm {name} does not fit {used}")


def _check_reference(signer_info: list[der.Element], signer: x509.Certificate) -> None:
    """What is signed names the signer's certificate: RFC 3161 section 2.4.2, RFC 5816."""
    attributes = {
        attribute.child(0).identifier: attribute.child(1)
        for field in signer_info
        if field.tag == der.CONTEXT_0
        for attribute in field.children()
    }
    newer = attributes.get(_SIGNING_CERTIFICATE_V2)
    found = newer or attributes.get(_SIGNING_CERTIFICATE)
    if found is None:
        raise VerificationError("the token does not say by which certificate it is signed")
    reference = found.child(0).child(0).child(0).children()
    algorithm, digest = _reference_hash(reference, newer=newer is not None)
    if signer.fingerprint(algorithm) != digest:
        raise VerificationError("the token is signed for another certificate than it carries")


def _reference_hash(
    reference: list[der.Element], *, newer: bool
) -> tuple[hashes.HashAlgorithm, bytes]:
    """How the certificate is named: the hash and the digest of an ESSCertID or ESSCertIDv2."""
    digests = [element.content for element in reference if element.tag == der.OCTET_STRING]
    digest = digests[0] if digests else b""
    if not newer:
        # Version 1 knows only SHA-1. It names a certificate whose chain is verified besides.
        return hashes.SHA1(), digest  # noqa: S303 - the standard's own, see above
    if reference and reference[0].tag == der.SEQUENCE:
        name = HASHES.get(reference[0].child(0).identifier, "")
        return _REFERENCE_HASHES.get(name, hashes.SHA256)(), digest
    return hashes.SHA256(), digest


def _accuracy(response: TimeStampResponse) -> timedelta:
    found: Accuracy | None = response.tst_info.accuracy  # the library's types do not say None
    if found is None:  # the authority's policy says it, which we do not know
        return timedelta(0)
    return timedelta(
        seconds=min(found.seconds or 0, _LONGEST_S),
        milliseconds=found.millis or 0,
        microseconds=found.micros or 0,
    )
