"""Time-stamps of other parties: since when a signature has existed, by whose word.

The token (RFC 3161) is over the bytes of the signature in the envelope, as Sigstore's clients have
it; `signedTimestamp` of a bundle v0.3 holds the whole TimeStampResp
(https://github.com/sigstore/protobuf-specs, sigstore_common.proto). rfc3161-client verifies the CMS
signature and the chain at the token's own time, to a root that the trust policy pins, and that the
certificate is for time-stamping, critically, and for nothing else. Whether a certificate was
revoked is not asked: verification is offline; the window of the authority in the policy is what
ends trust in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import rfc3161_client
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder
from rfc3161_client.base import HashAlgorithm

from auditor.attest.timestamp_token import Token, parse_token, read_by_library
from auditor.attest.trust import Authority
from auditor.errors import UndecidableError, VerificationError

MAX_ACCURACY = timedelta(minutes=1)
MAX_CHAIN = 8
_REASON = re.compile(r'(?:Verify error: |reason: ")([^"]+)')  # in OpenSSL's stack of errors


@dataclass(frozen=True, slots=True)
class Request:
    """A question to an authority: DER of TimeStampReq, and the nonce that the answer must have."""

    data: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """The word of a trusted authority.

    Args:
        time: When it saw the signature, UTC.
        accuracy: How far from the truth that may be.
        authority: Its name in the trust policy.
    """

    time: datetime
    accuracy: timedelta
    authority: str

    @property
    def latest(self) -> datetime:
        """The signature existed at this time, whatever the error of the authority's clock."""
        return self.time + self.accuracy


def make_request(message: bytes) -> Request:
    """A request for a time-stamp over these bytes, with SHA-256, a nonce, and certificates."""
    builder = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.cert_request(cert_request=True).nonce(nonce=True).build()
    nonce = request.nonce
    assert nonce is not None  # noqa: S101 - asked for one line above; for the type checker
    return Request(request.as_bytes(), nonce)


def verify_timestamp(data: bytes, message: bytes, authorities: Sequence[Authority]) -> ProvenTime:
    """Check a time-stamp against the authorities of a trust policy.

    Args:
        data: DER of a TimeStampResp.
        message: What must have been stamped: the bytes of a signature.
        authorities: Roots and when they are trusted. In the PEM of an authority the first
            certificate is the root; others may follow that its tokens do not carry.

    Raises:
        VerificationError: It is over other bytes, its signature does not fit, its certificate is
            not valid for this, or the authority was not trusted at that time.
        UndecidableError: It is by an authority that is not known, or too vague to prove a time.
    """
    token = parse_token(data)
    token.check_imprint(message)
    chains = {item: _certificates(item) for item in authorities}
    known = [item for item, pinned in chains.items() if _leads_to(token, pinned)]
    if not known:
        raise UndecidableError(
            f"a time-stamp by an unknown authority {token.signer.subject.rfc4514_string()!r}",
            hint="name its root in `timestamp_authorities` of the trust policy",
        )
    for item in known:
        _verify(token, message, chains[item])
    trusted = [item for item in known if item.covers(token.time)]
    if not trusted:
        raise VerificationError(
            f"the time-stamp authority {known[0].name!r} was not trusted at {token.time}"
        )
    if token.accuracy > MAX_ACCURACY:
        raise UndecidableError(f"the time-stamp says its time only to {token.accuracy}")
    return ProvenTime(token.time, token.accuracy, trusted[0].name)


def _certificates(authority: Authority) -> list[x509.Certificate]:
    """The root of an authority, and the certificates between that stand with it in the policy."""
    found = x509.load_pem_x509_certificates(authority.certificate.encode())
    if found[0].issuer != found[0].subject:
        raise UndecidableError(
            f"the certificate of the time-stamp authority {authority.name!r} is not a root",
            hint="put the root first; the certificates between may follow it",
        )
    return found


def _leads_to(token: Token, pinned: Sequence[x509.Certificate]) -> bool:
    """Whether certificates lead from the signer to the pinned root, by their signatures alone.

    This tells "another authority" from "this authority, and something is wrong".
    """
    root = pinned[0]
    pool = {*token.certificates, *pinned[1:]}
    reached = {token.signer}
    for _ in range(MAX_CHAIN):
        if any(_issued(root, item) for item in reached):
            return True
        reached |= {issuer for issuer in pool if any(_issued(issuer, item) for item in reached)}
    return False


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _verify(token: Token, message: bytes, pinned: Sequence[x509.Certificate]) -> None:
    """Signature, chain, purpose and imprint, by the library."""
    verifier = VerifierBuilder(roots=[pinned[0]], intermediates=list(pinned[1:])).build()
    try:
        read_by_library(lambda: verifier.verify_message(token.response, message))
    except rfc3161_client.VerificationError as error:
        reasons = _REASON.findall(str(error))
        raise VerificationError(
            f"the time-stamp does not hold: {reasons[-1] if reasons else error}"
        ) from error
