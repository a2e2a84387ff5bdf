"""X.509 certificates and requests for a run key, wherever it is kept.

The key of runs signs PDF reports as well, and readers of PDF look for a certificate. A key in a
token or service cannot be given to a library that builds certificates; so what is to be signed is
built with a key of the same kind that is thrown away, and signed anew by the real one. Standards:
RFC 5280, RFC 2986; key usage as PDF signatures ask for it (digitalSignature, contentCommitment).
"""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from auditor.attest.signing import Signer, load_public_key
from auditor.errors import ConfigError

_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # RFC 5758, 3.2: no parameters
_SEQUENCE, _BIT_STRING = 0x30, 0x03
_LONG_FORM = 0x80
_MAX_NAME = 64  # ub-common-name and ub-organization-name of RFC 5280


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose certificate it is: the organisation, and what the key does."""

    organisation: str
    name: str = "auditor run key"

    def to_x509(self) -> x509.Name:
        """The distinguished name; RFC 5280 allows 64 characters for each part."""
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation[:_MAX_NAME]),
                x509.NameAttribute(NameOID.COMMON_NAME, self.name[:_MAX_NAME]),
            ]
        )


def self_signed(signer: Signer, subject: Subject, begin: datetime, lifetime: timedelta) -> str:
    """A certificate of the key by itself, PEM; it is to be trusted by its fingerprint.

    Args:
        begin: Start of its validity, UTC; fractions of a second are cut.

    Raises:
        ConfigError: Not a P-256 key, or it refuses to sign.
    """
    _require_p256(signer)
    public = load_public_key(signer.public_key)
    start = begin.replace(microsecond=0)
    name = subject.to_x509()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    draft = builder.sign(generate_private_key(SECP256R1()), SHA256())
    pem = _signed(draft.tbs_certificate_bytes, signer, "CERTIFICATE")
    made = x509.load_pem_x509_certificate(pem.encode())
    try:
        made.verify_directly_issued_by(made)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise ConfigError("the certificate does not verify by its own key") from error
    return pem


def request(signer: Signer, subject: Subject) -> str:
    """A certificate signing request, PEM, for an authority to issue a certificate by.

    Raises:
        ConfigError: Not a P-256 key, or it refuses to sign.
    """
    _require_p256(signer)
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject.to_x509())
        .add_extension(_key_usage(), critical=True)
    )
    stand_in = generate_private_key(SECP256R1())
    draft = builder.sign(stand_in, SHA256())
    # A P-256 key is the same number of bytes whatever its value: no length around it changes.
    old = stand_in.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    new = load_public_key(signer.public_key).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    pem = _signed(draft.tbs_certrequest_bytes.replace(old, new), signer, "CERTIFICATE REQUEST")
    made = x509.load_pem_x509_csr(pem.encode())
    if not made.is_signature_valid:
        raise ConfigError("the request does not verify by its own key")
    return pem


def is_of(pem: str, signer: Signer) -> bool:
    """True when the (first) certificate of a PEM text is of this signer's key.

    Raises:
        ConfigError: Not a certificate.
    """
    return certified_key_id(pem) == signer.key_id


def certified_key_id(pem: str) -> str:
    """SHA-256 (hex) of the public key of the (first) certificate of a PEM text.

    Raises:
        ConfigError: Not a certificate.
    """
    public = _parse(pem).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def is_self_signed(pem: str) -> bool:
    """True when the (first) certificate of a PEM text was issued by its own key.

    Raises:
        ConfigError: Not a certificate.
    """
    certificate = _parse(pem)
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def validity(pem: str) -> tuple[datetime, datetime]:
    """From when and until when the (first) certificate of a PEM text is valid, UTC.

    Raises:
        ConfigError: Not a certificate.
    """
    certificate = _parse(pem)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _parse(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise ConfigError(f"not a certificate in PEM form: {error}") from error


def _require_p256(signer: Signer) -> None:
    if signer.algorithm != "ecdsa-p256-sha256":
        raise ConfigError(
            f"certificates are for run keys (ECDSA P-256), this key is for {signer.algorithm}"
        )


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(part: bytes, signer: Signer, label: str) -> str:
    """The part with algorithm and signature, as certificates and requests both have them."""
    signature = _tagged(_BIT_STRING, b"\x00" + signer.sign(part))
    der = _tagged(_SEQUENCE, part + _ECDSA_WITH_SHA256 + signature)
    text = encodebytes(der).decode().replace("\n", "")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def _tagged(tag: int, content: bytes) -> bytes:
    """DER: tag, length, content."""
    size = len(content)
    if size < _LONG_FORM:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG_FORM | len(length)]) + length + content
