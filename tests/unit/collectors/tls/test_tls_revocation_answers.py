"""An answer about revocation counts only from the right signer, about the right certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.collectors.tls.revocation import AnswerError, judge
from tests.services.tls.servers import DAY, Identity, build, now

URL = "http://crl.example/one"
POINT = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier(URL)], None, None, None)]
)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def issuer() -> Identity:
    key = ec_key()
    return Identity(key, (build("Issuer", key, ca=True),))


@cache
def stranger() -> Identity:
    """Same name, another key."""
    key = ec_key()
    return Identity(key, (build("Issuer", key, ca=True),))


@cache
def leaf() -> x509.Certificate:
    return build("shop", ec_key(), issuer=issuer(), extensions=[POINT])


def responder(*, by: Identity | None = None, ends: float = 365, usage: bool = True) -> Identity:
    key = ec_key()
    allowed = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])] if usage else []
    certificate = build(
        "Responder", key, issuer=by or issuer(), begins=-10, ends=ends, extensions=allowed
    )
    return Identity(key, (certificate,))


def ocsp_der(
    *,
    about: x509.Certificate | None = None,
    of: Identity | None = None,
    signer: Identity | None = None,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    updated: timedelta = timedelta(0),
    until: timedelta | None = DAY,
) -> bytes:
    signer = signer or issuer()
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about or leaf(),
            issuer=(of or issuer()).leaf,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=now() + updated,
            next_update=None if until is None else now() + until,
            revocation_time=now() if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, signer.leaf)
        .certificates([signer.leaf])
    )
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def crl_der(
    *,
    by: Identity | None = None,
    name: str = "Issuer",
    until: timedelta = DAY,
    revoked: bool = False,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    by = by or issuer()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)]))
        .last_update(now() - 9 * DAY)
        .next_update(now() + until)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    if revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(leaf().serial_number)
            .revocation_date(now())
            .add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False)
        )
        builder = builder.add_revoked_certificate(entry.build())
    assert isinstance(by.key, ec.EllipticCurvePrivateKey)
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def point(**options: object) -> x509.IssuingDistributionPoint:
    names = {"full_name": None, "relative_name": None, "only_some_reasons": None}
    flags = ("user_certs", "ca_certs", "attribute_certs")
    fields = names | {f"only_contains_{flag}": False for flag in flags} | {"indirect_crl": False}
    return x509.IssuingDistributionPoint(**(fields | options))  # type: ignore[arg-type] # by name


def status(source: str, response: bytes, at: datetime | None = None) -> str:
    return judge(source, response, leaf(), issuer().leaf, at or now()).status


def test_answers_that_count() -> None:
    statuses = ocsp.OCSPCertStatus
    assert status("ocsp", ocsp_der()) == "good"
    assert status("staple", ocsp_der(status=statuses.REVOKED)) == "revoked"
    assert status("ocsp", ocsp_der(status=statuses.UNKNOWN)) == "unknown"
    assert status("ocsp", ocsp_der(signer=responder())) == "good"
    assert status("ocsp", ocsp_der(updated=-9 * DAY, until=None)) == "good"
    assert status("crl", crl_der()) == "good"


def test_a_listed_certificate_is_revoked_with_its_reason() -> None:
    answer = judge("crl", crl_der(revoked=True), leaf(), issuer().leaf, now())
    assert (answer.status, answer.reason) == ("revoked", "superseded")
    assert answer.revoked_at is not None


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (lambda: b"junk", "cannot be read"),
        (lambda: ocsp_der(signer=stranger()), "not signed by the issuer"),
        (lambda: ocsp_der(signer=responder(usage=False)), "not signed by the issuer"),
        (lambda: ocsp_der(signer=responder(ends=-1)), "not signed by the issuer"),
        (lambda: ocsp_der(signer=responder(by=stranger())), "not signed by the issuer"),
        (lambda: ocsp_der(about=build("other", ec_key(), issuer=issuer())), "another certificate"),
        (lambda: ocsp_der(of=stranger()), "another certificate"),
        (lambda: ocsp_der(updated=DAY, until=2 * DAY), "from the future"),
        (lambda: ocsp_der(updated=-3 * DAY, until=-1 * DAY), "was valid until"),
        (lambda: ocsp_der(updated=-11 * DAY, until=None), "was valid until"),
        (
            lambda: ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.TRY_LATER
            ).public_bytes(Encoding.DER),
            "answered try_later",
        ),
    ],
)
def test_ocsp_answers_that_do_not_count(response: object, said: str) -> None:
    assert callable(response)
    with pytest.raises(AnswerError, match=said):
        status("ocsp", response())


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (lambda: b"junk", "cannot be read"),
        (lambda: crl_der(by=stranger()), "not signed by the issuer"),
        (lambda: crl_der(name="Other"), "the list is of CN=Other"),
        (lambda: crl_der(until=-DAY), "was valid until"),
        (lambda: crl_der(extensions=[(x509.DeltaCRLIndicator(3), True)]), "difference"),
        (lambda: crl_der(extensions=[(point(only_contains_ca_certs=True), True)]), "in full"),
        (lambda: crl_der(extensions=[(point(indirect_crl=True), True)]), "in full"),
        (
            lambda: crl_der(
                extensions=[
                    (
                        point(full_name=[x509.UniformResourceIdentifier("http://crl.example/2")]),
                        True,
                    )
                ]
            ),
            "another distribution point",
        ),
        (
            lambda: crl_der(
                extensions=[
                    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), True)
                ]
            ),
            "unknown critical",
        ),
    ],
)
def test_lists_that_do_not_count(response: object, said: str) -> None:
    assert callable(response)
    with pytest.raises(AnswerError, match=said):
        status("crl", response())


def test_the_part_of_a_list_that_is_of_this_certificate_counts() -> None:
    own = point(full_name=[x509.UniformResourceIdentifier(URL)], only_contains_user_certs=True)
    assert status("crl", crl_der(extensions=[(own, True), (x509.CRLNumber(7), False)])) == "good"


def test_validity_is_judged_at_the_time_of_reading() -> None:
    response = ocsp_der()
    assert status("ocsp", response, now() + DAY) == "good"
    with pytest.raises(AnswerError, match="was valid until"):
        status("ocsp", response, now() + 2 * DAY)
