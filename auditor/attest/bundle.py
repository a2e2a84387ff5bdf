"""Bundles: an envelope with what is needed to verify it, as one file.

Standard: Sigstore bundle v0.3 (https://github.com/sigstore/protobuf-specs), in canonical JSON and
with no field beyond those used here, so that every changed byte is refused. RFC 3161 time-stamps
are carried; checking them is verification's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.attest.dsse import Envelope, base64_field, exact_fields, text_field
from auditor.core.canonical import canonical
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.encoding import encode_base64, parse_object

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MAX_BUNDLE = 16 * 1024 * 1024
MAX_TIMESTAMPS = 16


@dataclass(frozen=True, slots=True)
class Bundle:
    """A signed envelope.

    Args:
        envelope: Has one signature, by the key that `hint` names.
        hint: Id of the public key.
        timestamps: RFC 3161 tokens (DER) over the signature; none so far is allowed.
    """

    envelope: Envelope
    hint: str
    timestamps: tuple[bytes, ...] = ()

    def to_bytes(self) -> bytes:
        """The file."""
        material: dict[str, object] = {"publicKey": {"hint": self.hint}}
        if self.timestamps:
            material["timestampVerificationData"] = {
                "rfc3161Timestamps": [
                    {"signedTimestamp": encode_base64(token)} for token in self.timestamps
                ]
            }
        return canonical(
            {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": material,
                "dsseEnvelope": self.envelope.to_json(),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """Read a bundle strictly.

        Raises:
            VerificationError: Not canonical, or any departure from the form written here.
        """
        try:
            document = parse_object(data, limit=MAX_BUNDLE)
        except LedgerError as error:
            raise VerificationError(f"bundle: {error.message}") from error
        names = {"mediaType", "verificationMaterial", "dsseEnvelope"}
        fields = exact_fields(document, names, "bundle")
        if fields["mediaType"] != MEDIA_TYPE:
            raise VerificationError(f"got media type {fields['mediaType']!r}: not {MEDIA_TYPE}")
        hint, timestamps = _material(fields["verificationMaterial"])
        envelope = Envelope.from_json(fields["dsseEnvelope"])
        if [item.key_id for item in envelope.signatures] != [hint]:
            raise VerificationError("the signature is not by the key that the bundle names")
        return cls(envelope, hint, timestamps)


def _material(document: object) -> tuple[str, tuple[bytes, ...]]:
    names = {"publicKey"}
    if isinstance(document, dict) and "timestampVerificationData" in document:
        names.add("timestampVerificationData")
    fields = exact_fields(document, names, "verificationMaterial")
    hint = text_field(exact_fields(fields["publicKey"], {"hint"}, "publicKey"), "hint")
    if "timestampVerificationData" not in fields:
        return hint, ()
    data = exact_fields(
        fields["timestampVerificationData"], {"rfc3161Timestamps"}, "timestampVerificationData"
    )
    return hint, _timestamps(data["rfc3161Timestamps"])


def _timestamps(rows: object) -> tuple[bytes, ...]:
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_TIMESTAMPS:
        raise VerificationError("rfc3161Timestamps: expected a list of time-stamps")
    parsed: Sequence[bytes] = [
        base64_field(exact_fields(row, {"signedTimestamp"}, "time-stamp"), "signedTimestamp")
        for row in rows
    ]
    return tuple(parsed)
