"""Envelopes: a payload kept as the bytes that were signed, and its signatures.

Standard: DSSE v1.0.2 (https://github.com/secure-systems-lab/dsse). The payload stays opaque here;
what it means is read only after the signature over these very bytes has been checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.attest.signing import Signer, verify_signature
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.encoding import decode_base64, encode_base64

MAX_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature: SHA-256 (hex) of the signer's public key, and the bytes."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Bytes of type `payload_type`, signed."""

    payload: bytes
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...]

    def to_json(self) -> dict[str, object]:
        """The envelope in the standard's JSON form."""
        return {
            "payload": encode_base64(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": item.key_id, "sig": encode_base64(item.signature)}
                for item in self.signatures
            ],
        }

    @classmethod
    def from_json(cls, document: object) -> Envelope:
        """The inverse of `to_json`, strict.

        Raises:
            VerificationError: A field is missing, unknown or malformed.
        """
        fields = exact_fields(document, {"payload", "payloadType", "signatures"}, "envelope")
        rows = fields["signatures"]
        if not isinstance(rows, list) or not 0 < len(rows) <= MAX_SIGNATURES:
            raise VerificationError("the envelope has no signatures, or too many")
        return cls(
            payload=base64_field(fields, "payload"),
            payload_type=text_field(fields, "payloadType"),
            signatures=tuple(_signature(row) for row in rows),
        )


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What is signed: type and payload with their lengths, so that neither can pass for another."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, payload_type: str, signer: Signer) -> Envelope:
    """The payload with one signature."""
    signature = signer.sign(pre_authentication_encoding(payload_type, payload))
    return Envelope(payload, payload_type, (EnvelopeSignature(signer.key_id, signature),))


def verify_envelope(
    envelope: Envelope, signature: EnvelopeSignature, pem: str, algorithm: str
) -> None:
    """Check one signature of an envelope by a public key.

    Raises:
        VerificationError: It does not fit.
    """
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    verify_signature(pem, algorithm, message, signature.signature)


def exact_fields(document: object, names: set[str], what: str) -> Mapping[str, object]:
    """The object, which has exactly these fields.

    Raises:
        VerificationError: It is no object, or has others.
    """
    if not isinstance(document, dict) or set(document) != names:
        raise VerificationError(f"{what}: expected an object with {', '.join(sorted(names))}")
    return document


def text_field(fields: Mapping[str, object], name: str) -> str:
    """A field that is text.

    Raises:
        VerificationError: It is something else.
    """
    value = fields[name]
    if not isinstance(value, str):
        raise VerificationError(f"{name}: expected text, got {type(value).__name__}")
    return value


def base64_field(fields: Mapping[str, object], name: str) -> bytes:
    """The bytes of a field in strict base64.

    Raises:
        VerificationError: It is something else.
    """
    try:
        return decode_base64(text_field(fields, name))
    except LedgerError as error:
        raise VerificationError(f"{name}: {error.message}") from error


def _signature(row: object) -> EnvelopeSignature:
    fields = exact_fields(row, {"keyid", "sig"}, "signature")
    return EnvelopeSignature(text_field(fields, "keyid"), base64_field(fields, "sig"))
