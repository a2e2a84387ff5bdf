"""What an OCSP response or a revocation list says about one certificate. Pure.

An answer counts only when it is about this certificate, signed by its issuer (or, for OCSP, by a
responder to whom the issuer has delegated), and valid at the time of reading.

Standards: RFC 6960 (OCSP), RFC 5280, 5 and 6.3 (CRL).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.collectors.tls.certificate import (
    UNREADABLE,
    crl_urls,
    is_valid_at,
    proven_issuer,
)

_SKEW = timedelta(minutes=5)
# An answer that does not say how long it holds is not believed for ever. Ten days are what the
# CA/Browser Forum's Baseline Requirements (4.9.10) allow at most.
_MAX_AGE = timedelta(days=10)


class AnswerError(ValueError):
    """The answer does not count; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status good, revoked or unknown, and the times that the answer states."""

    status: str
    updated_at: datetime
    valid_until: datetime | None
    revoked_at: datetime | None = None
    reason: str | None = None


def judge(
    source: str, response: bytes, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> Answer:
    """What the response says.

    Args:
        source: `staple`, `ocsp` or `crl`.
        response: DER.
        at: Reader's clock when it was read.

    Raises:
        AnswerError: It does not count.
    """
    try:
        return _JUDGES[source](response, leaf, issuer, at)
    except AnswerError:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm, *UNREADABLE) as error:
        raise AnswerError(f"the answer cannot be read: {error}") from error


def ocsp_request(leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """DER of a request. SHA-1 only names the issuer here; every responder knows it (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def _judge_ocsp(
    response: bytes, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> Answer:
    parsed = ocsp.load_der_ocsp_response(response)
    if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise AnswerError(f"the responder answered {parsed.response_status.name.lower()}")
    _check_signer(parsed, issuer, at)
    single = _single(parsed, leaf, issuer)
    _check_times(single.this_update_utc, single.next_update_utc, at)
    reason = single.revocation_reason
    return Answer(
        status=single.certificate_status.name.lower(),
        updated_at=single.this_update_utc,
        valid_until=single.next_update_utc,
        revoked_at=single.revocation_time_utc,
        reason=reason.name if reason else None,
    )


def _judge_crl(
    response: bytes, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> Answer:
    crl = x509.load_der_x509_crl(response)
    if crl.issuer != leaf.issuer:
        raise AnswerError(f"the list is of {crl.issuer.rfc4514_string()}, not of the issuer")
    if not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type] # refuses others
        raise AnswerError("the list is not signed by the issuer")
    _check_scope(crl, leaf)
    _check_times(crl.last_update_utc, crl.next_update_utc, at)
    entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    if entry is None:
        return Answer("good", crl.last_update_utc, crl.next_update_utc)
    return Answer(
        status="revoked",
        updated_at=crl.last_update_utc,
        valid_until=crl.next_update_utc,
        revoked_at=entry.revocation_date_utc,
        reason=_crl_reason(entry),
    )


_Judge = Callable[[bytes, x509.Certificate, x509.Certificate, datetime], Answer]
_JUDGES: Mapping[str, _Judge] = {"staple": _judge_ocsp, "ocsp": _judge_ocsp, "crl": _judge_crl}


def _single(
    parsed: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    """The part about this certificate: serial number, and the issuer by name and key."""
    for single in parsed.responses:
        if single.serial_number == leaf.serial_number and _names_issuer(single, issuer):
            return single
    raise AnswerError("the answer is about another certificate")


def _names_issuer(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    algorithm = single.hash_algorithm
    expected = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, algorithm).build()
    name = _hash(issuer.subject.public_bytes(), algorithm)
    return expected.issuer_key_hash == single.issuer_key_hash and name == single.issuer_name_hash


def _hash(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _check_signer(parsed: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    """By the issuer, or by a certificate in the answer that the issuer made for this (4.2.2.2)."""
    delegated = [item for item in parsed.certificates if _may_answer(item, issuer, at)]
    if not any(_signed(parsed, signer) for signer in (issuer, *delegated)):
        raise AnswerError("the answer is not signed by the issuer or a responder that it named")


def _may_answer(responder: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING in usage
        and is_valid_at(responder, at)
        and proven_issuer(responder, issuer)
    )


def _signed(parsed: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), parsed.signature_hash_algorithm
    data, signature = parsed.tbs_response_bytes, parsed.signature
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm:
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm:
            key.verify(signature, data, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, data)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _check_times(updated_at: datetime, valid_until: datetime | None, at: datetime) -> None:
    if updated_at > at + _SKEW:
        raise AnswerError(f"the answer is from the future: {updated_at.isoformat()}")
    end = valid_until or updated_at + _MAX_AGE
    if end < at - _SKEW:
        raise AnswerError(f"the answer was valid until {end.isoformat()}")


def _check_scope(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> None:
    """A list may cover only a part; that part must be the one of this certificate (5.2.5)."""
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise AnswerError("the list is only a difference to another list")
        if isinstance(value, x509.IssuingDistributionPoint):
            _check_point(value, crl_urls(leaf))
        elif extension.critical:
            raise AnswerError(f"the list has an unknown critical part {extension.oid}")


def _check_point(point: x509.IssuingDistributionPoint, urls: Sequence[str]) -> None:
    partial = (
        point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.indirect_crl
        or point.only_some_reasons is not None
        or point.relative_name is not None
    )
    if partial:
        raise AnswerError("the list does not cover certificates of servers in full")
    if point.full_name and not any(name.value in urls for name in point.full_name):
        raise AnswerError("the list is of another distribution point")


def _crl_reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except x509.ExtensionNotFound:
        return None
