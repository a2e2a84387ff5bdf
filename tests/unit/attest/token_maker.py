"""A time-stamp authority in memory, for tests: it says any time, and makes any mistake on request.

Real tokens come from OpenSSL, in tests/services/timestamps; there OpenSSL also accepts these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from auditor.attest import der
from auditor.attest.trust import Authority

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2035, 1, 1, tzinfo=UTC)
NULL = b"\x05\x00"
STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}


@dataclass(frozen=True)
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def raw(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def issue(
    name: str,
    issuer: Holder | None = None,
    *,
    purposes: Iterable[x509.ObjectIdentifier] = (),
    critical: bool = True,
    until: datetime = END,
) -> Holder:
    """A certificate; without purposes that of an authority over certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    wanted = list(purposes)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=not wanted, path_length=None), critical=True)
    )
    if wanted:
        builder = builder.add_extension(x509.ExtendedKeyUsage(wanted), critical=critical)
    return Holder(builder.sign(issuer.key if issuer else key, SHA256()), key)


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(octets))
    return der.encode(der.OBJECT_IDENTIFIER, content)


def integer(value: int, tag: int = der.INTEGER) -> bytes:
    return der.encode(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def seq(*parts: bytes) -> bytes:
    return der.encode(der.SEQUENCE, b"".join(parts))


def set_of(*parts: bytes, tag: int = der.SET) -> bytes:
    return der.encode(tag, b"".join(sorted(parts)))


def octets(content: bytes) -> bytes:
    return der.encode(der.OCTET_STRING, content)


@dataclass(frozen=True)
class Mistakes:
    """What may be other than it should be."""

    hash_name: str = "sha256"
    accuracy: tuple[int, int, int] | None = (1, 500, 100)
    status: int = 0
    status_text: str = ""
    signed_data_version: int = 3
    signer_version: int = 1
    digest_algorithm: str = OIDS["sha256"]
    signature_algorithm: str = "1.2.840.10045.4.3.2"
    reference: str = "2"  # ESSCertIDv2; "1" with SHA-1, "sha512" named, "none", "empty", "other"
    signers: int = 1
    nonce: int | None = None


@dataclass(frozen=True)
class Maker:
    """An authority: root, intermediate certificate, and who signs."""

    root: Holder = field(default_factory=lambda: issue("Root"))
    between: Holder | None = None
    signer: Holder | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "between", self.between or issue("Between", self.root))
        signer = self.signer or issue("Stamper", self.between, purposes=STAMPING)
        object.__setattr__(self, "signer", signer)

    def signing_as(self, signer: Holder) -> Maker:
        return replace(self, signer=signer)

    def authority(self, **fields: object) -> Authority:
        document = {"name": "tsa", "certificate": self.root.pem, "not_before": START} | fields
        return Authority.model_validate(document)

    def token(
        self,
        message: bytes,
        time: datetime,
        mistakes: Mistakes = Mistakes(),
        *,
        certificates: Sequence[bytes] | None = None,
    ) -> bytes:
        """A TimeStampResp; certificates stand in it in the order given."""
        assert self.signer
        assert self.between
        info = self._info(message, time, mistakes)
        carried = [self.between.raw, self.signer.raw] if certificates is None else certificates
        signers = [self._signer_info(info, mistakes) for _ in range(mistakes.signers)]
        signed_data = seq(
            integer(mistakes.signed_data_version),
            set_of(seq(oid(mistakes.digest_algorithm), NULL)),
            seq(oid("1.2.840.113549.1.9.16.1.4"), der.encode(der.CONTEXT_0, octets(info))),
            der.encode(der.CONTEXT_0, b"".join(carried)),
            set_of(*signers),
        )
        token = seq(oid("1.2.840.113549.1.7.2"), der.encode(der.CONTEXT_0, signed_data))
        text = seq(der.encode(0x0C, mistakes.status_text.encode())) if mistakes.status_text else b""
        return seq(seq(integer(mistakes.status), text), token)

    @staticmethod
    def _info(message: bytes, time: datetime, mistakes: Mistakes) -> bytes:
        digest = hashlib.new(mistakes.hash_name, message).digest()
        accuracy = b""
        if mistakes.accuracy is not None:
            seconds, millis, micros = mistakes.accuracy
            accuracy = seq(integer(seconds), integer(millis, 0x80), integer(micros, 0x81))
        return seq(
            integer(1),
            oid("1.2.3.4"),
            seq(seq(oid(OIDS[mistakes.hash_name]), NULL), octets(digest)),
            integer(7),
            der.encode(0x18, f"{time:%Y%m%d%H%M%SZ}".encode()),
            accuracy,
            b"" if mistakes.nonce is None else integer(mistakes.nonce),
        )

    def _signer_info(self, info: bytes, mistakes: Mistakes) -> bytes:
        assert self.signer
        certificate = self.signer.certificate
        attributes = [
            seq(oid("1.2.840.113549.1.9.3"), set_of(oid("1.2.840.113549.1.9.16.1.4"))),
            seq(oid("1.2.840.113549.1.9.4"), set_of(octets(hashlib.sha256(info).digest()))),
            *self._reference(mistakes.reference),
        ]
        signature = self.signer.key.sign(set_of(*attributes), ec.ECDSA(SHA256()))
        return seq(
            integer(mistakes.signer_version),
            seq(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
            seq(oid(mistakes.digest_algorithm), NULL),
            set_of(*attributes, tag=der.CONTEXT_0),
            seq(oid(mistakes.signature_algorithm)),
            octets(signature),
        )

    def _reference(self, kind: str) -> list[bytes]:
        assert self.signer
        raw = self.signer.raw
        newer, older = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.12"
        names = {
            "2": (newer, octets(hashlib.sha256(raw).digest())),
            "sha512": (
                newer,
                seq(oid(OIDS["sha512"])) + octets(hashlib.sha512(raw).digest()),
            ),
            "1": (older, octets(hashlib.sha1(raw, usedforsecurity=False).digest())),
            "other": (newer, octets(hashlib.sha256(b"another").digest())),
            "empty": (newer, b""),
        }
        if kind not in names:
            return []
        attribute, content = names[kind]
        return [seq(oid(attribute), set_of(seq(seq(seq(content)))))]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
