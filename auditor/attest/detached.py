"""Detached signatures: a sidecar file that proves who signed the bytes of another file.

Used for waivers and attestations, which people write and approve. The sidecar is a DSSE envelope
in canonical JSON whose payload is the digest and size of the file, so that the file itself stays a
plain file in version control.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from auditor.attest.dsse import Envelope, sign_envelope, verify_envelope
from auditor.attest.signing import Signer
from auditor.attest.trust import NamedKey
from auditor.core.canonical import canonical, digest
from auditor.errors import LedgerError, UndecidableError, VerificationError
from auditor.ledger.encoding import parse_object

PAYLOAD_TYPE = "application/vnd.auditor.file.v1"
SIGNATURE_SUFFIX = ".sig"  # of the sidecar, after the whole name of the file
MAX_SIDECAR = 256 * 1024


def sign_file(data: bytes, signer: Signer) -> str:
    """The text of the sidecar for a file's bytes."""
    payload = canonical(_payload(data))
    return canonical(sign_envelope(payload, PAYLOAD_TYPE, signer).to_json()).decode()


def verify_file(data: bytes, sidecar: str, allowed: Sequence[NamedKey], *, at: datetime) -> str:
    """Check that one of the allowed keys signed these bytes.

    Args:
        data: The file's bytes.
        sidecar: Text of its signature file.
        allowed: Keys that may sign; the name tells whose they are.
        at: Time at which the key must be valid; for a waiver its `approved_at`.

    Returns:
        The name of the key that signed.

    Raises:
        VerificationError: The signature, the file or the sidecar is changed, or the key was not
            valid at that time.
        UndecidableError: Signed by a key that is not among the allowed ones.
    """
    envelope = _parse_sidecar(sidecar)
    for signature in envelope.signatures:
        for key in allowed:
            if key.key_id != signature.key_id:
                continue
            verify_envelope(envelope, signature, key.public_key, key.algorithm)
            if not key.covers(at):
                raise VerificationError(f"the key of {key.name!r} was not valid at {at}")
            if envelope.payload != canonical(_payload(data)):
                raise VerificationError("the signature is of other bytes than this file has")
            return key.name
    raise UndecidableError(
        f"signed by an unknown key {envelope.signatures[0].key_id[:16]}",
        hint="add the signer's public key to `approvers`",
    )


def signer_of(sidecar: str) -> str:
    """Id of the key that a sidecar says signed; nothing is verified.

    Raises:
        VerificationError: The sidecar is changed.
    """
    return _parse_sidecar(sidecar).signatures[0].key_id


def _parse_sidecar(sidecar: str) -> Envelope:
    try:
        document = parse_object(sidecar.encode(), limit=MAX_SIDECAR)
    except (LedgerError, UnicodeEncodeError) as error:
        raise VerificationError(f"signature file: {error}") from error
    envelope = Envelope.from_json(document)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise VerificationError(f"got payload type {envelope.payload_type!r}: not {PAYLOAD_TYPE}")
    return envelope


def _payload(data: bytes) -> dict[str, object]:
    return {"digest": digest(data), "size": len(data)}
