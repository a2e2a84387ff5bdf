"""Signed `key` entries: what is signed, making the signatures, and checking them.

Signed is the canonical JSON of the entry's body without its signatures. Whose signatures must be
there is `key_history`'s matter.
"""

from __future__ import annotations

from auditor.attest.signing import (
    Signer,
    algorithm_of,
    checked_signature,
    key_id,
    load_public_key,
    note_key_pem,
    public_pem,
    verify_signature,
)
from auditor.core.canonical import canonical
from auditor.errors import ConfigError, LedgerError, VerificationError
from auditor.ledger.encoding import decode_base64, encode_base64
from auditor.ledger.entries import KeyRecord, KeySignature
from auditor.ledger.note import NoteKey


def signed_bytes(record: KeyRecord) -> bytes:
    """What each signature of a `key` entry covers."""
    return canonical({k: v for k, v in record.to_json().items() if k != "signatures"})


def sign_record(record: KeyRecord, *signers: Signer) -> KeyRecord:
    """The record with a signature of each signer.

    Raises:
        AuditorError: A signer refuses, or signs with another key than it says.
    """
    message = signed_bytes(record)
    signatures = [
        KeySignature(
            key_id=signer.key_id, signature=encode_base64(checked_signature(signer, message))
        )
        for signer in signers
    ]
    return record.model_copy(update={"signatures": signatures})


def verify_record(record: KeyRecord, signature: KeySignature, pem: str) -> None:
    """Check one signature of a record by a public key.

    Raises:
        VerificationError: It does not fit.
    """
    try:
        raw = decode_base64(signature.signature)
    except LedgerError as error:
        raise VerificationError(f"signature: {error.message}") from error
    verify_signature(pem, algorithm_of(load_public_key(pem)), signed_bytes(record), raw)


def recorded_pem(use: str, text: str) -> str:
    """The public key (PEM, in its one spelling) that a `key` entry names: a vkey for the log.

    Raises:
        VerificationError: It names none.
    """
    try:
        if use == "log":
            return note_key_pem(NoteKey.parse(text))
        return public_pem(load_public_key(text))
    except (LedgerError, ConfigError) as error:
        raise VerificationError(error.message) from error


def recorded_key_id(use: str, text: str) -> str:
    """SHA-256 (hex) of the public key that a `key` entry names.

    Raises:
        VerificationError: It names none.
    """
    return key_id(recorded_pem(use, text))
