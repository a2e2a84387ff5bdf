"""Who signed a PDF report, and when: the part of step 8 that asks the trust policy.

The certificate's key must be a run key of the policy. Where the policy names certificate
authorities, the certificate must also lead to one of them; where it names none, the key alone
counts. Standards: RFC 5280 (by pyHanko), RFC 3161, ETSI EN 319 142-1.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auditor.attest.noted import NotedUse
from auditor.attest.report_pdf import PdfReport, Stamp, by_pyhanko
from auditor.attest.result import Notes
from auditor.attest.signing import key_id
from auditor.attest.timestamps import ProvenTime, verify_timestamp
from auditor.attest.trust import Authority, NamedKey, TrustPolicy
from auditor.errors import ConfigError, UndecidableError, VerificationError

if TYPE_CHECKING:
    from pyhanko.sign.validation.status import PdfSignatureStatus

WHERE = "PDF signature"
_GRANTED = bytes.fromhex("3003020100")  # PKIStatusInfo: granted


def check_pdf_signature(
    pdf: PdfReport,
    trust: TrustPolicy,
    now: datetime,
    notes: Notes,
    noted: NotedUse | None = None,
) -> datetime | None:
    """Check signature, signer and time-stamps; gives the proven time, None where none is.

    Args:
        noted: Where the log has noted the report, for who has the log.

    Raises:
        VerificationError: The signature does not hold.
        UndecidableError: It is by a key or an authority that the policy does not know.
    """
    signer = _signer(pdf, trust, noted)
    proven = _proven_time(pdf, trust, notes)
    if proven is None:
        _note_untimed(trust, notes)
    at = proven or pdf.claimed_at or now
    _check_by_pyhanko(pdf, trust, at)
    if noted is not None:
        noted.check(signer.key_id, proven)
        return proven
    if not signer.covers(at):
        raise VerificationError(f"the key {signer.name!r} was not valid at {at}", where=WHERE)
    if proven is None and not signer.covers(now):
        raise UndecidableError(
            f"the key {signer.name!r} is no longer valid, and nothing proves that it was when it"
            " signed",
            where=WHERE,
        )
    return proven


def signer_key(pdf: PdfReport) -> str:
    """Key id of the certificate that the signature names.

    Raises:
        VerificationError: There is no signature, or its key is of another kind.
    """
    if pdf.signature is None:
        raise VerificationError("the PDF is not signed", where=WHERE)
    certificate = by_pyhanko(lambda: pdf.signature.signer_cert)  # type: ignore[union-attr]
    return _key_id(certificate.public_key.dump())


def _key_id(spki: bytes) -> str:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_der_public_key,
    )

    try:
        public = load_der_public_key(spki)
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return key_id(pem.decode())
    except (ValueError, ConfigError) as error:
        raise VerificationError(f"the certificate's key: {error}", where=WHERE) from error


def _signer(pdf: PdfReport, trust: TrustPolicy, noted: NotedUse | None) -> NamedKey:
    found = signer_key(pdf)
    if noted is not None:
        return noted.named(found)
    key = trust.run_key(found)
    if key is None:
        raise UndecidableError(f"signed by an unknown key {found[:16]!r}", where=WHERE)
    return key


def _proven_time(pdf: PdfReport, trust: TrustPolicy, notes: Notes) -> datetime | None:
    """The earliest time at which a trusted authority saw the signature."""
    stamps = [pdf.stamp, *pdf.archive] if pdf.stamp else list(pdf.archive)
    times = []
    for stamp in stamps:
        proven = _verify(stamp, trust.timestamp_authorities, notes)
        if proven is not None:
            times.append(proven.latest)
    return min(times, default=None)


def _verify(stamp: Stamp, authorities: tuple[Authority, ...], notes: Notes) -> ProvenTime | None:
    try:
        return verify_timestamp(_response(stamp.token), stamp.message, authorities)
    except VerificationError as error:
        notes.bad(f"time-stamp: {error.message}", WHERE)
    except UndecidableError as error:
        notes.cannot_tell(f"time-stamp: {error.message}", WHERE)
    return None


def _response(token: bytes) -> bytes:
    """A token as the answer that it came in: TimeStampResp of RFC 3161."""
    body = _GRANTED + token
    size = len(body)
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    head = bytes([size]) if size < 128 else bytes([128 + len(length)]) + length  # noqa: PLR2004 - DER
    return b"\x30" + head + body


def _note_untimed(trust: TrustPolicy, notes: Notes) -> None:
    text = "no trusted authority says when the PDF was signed"
    if trust.required.timestamp:
        notes.bad(f"{text}, and the trust policy requires it", WHERE)
    else:
        notes.warn(text, WHERE)


def _check_by_pyhanko(pdf: PdfReport, trust: TrustPolicy, at: datetime) -> None:
    """Signature, certificate and chain."""
    status = by_pyhanko(lambda: _status(pdf, trust, at))
    if not (status.intact and status.valid):
        raise VerificationError("the signature does not fit the PDF", where=WHERE)
    if not status.trusted:
        reason = status.trust_problem_indic
        said = f" ({reason.standard_name})" if reason is not None else ""
        message = f"its certificate does not lead to a trusted authority at {at}{said}"
        if trust.certificate_authorities:
            raise UndecidableError(message, where=WHERE)
        raise VerificationError(message, where=WHERE)


def _status(pdf: PdfReport, trust: TrustPolicy, at: datetime) -> PdfSignatureStatus:
    from pyhanko.keys.pemder import load_certs_from_pemder_data  # slow, as all of pyHanko
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    signature: Any = pdf.signature
    pinned = [item for item in trust.certificate_authorities if item.covers(at)]
    roots = [next(iter(load_certs_from_pemder_data(item.certificate.encode()))) for item in pinned]
    if not trust.certificate_authorities:
        roots = [signature.signer_cert]
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # it tells on stderr what we tell
    context = ValidationContext(
        trust_roots=roots, allow_fetching=False, moment=at, revocation_mode="soft-fail"
    )
    stamps = ValidationContext(trust_roots=[], allow_fetching=False, moment=at)
    return validate_pdf_signature(signature, context, stamps)
