"""A key that is open for signing, wherever it is kept, and whose every signature is checked."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.attest.signing import Algorithm, Signer, checked_signature, note_key
from auditor.errors import AuditorError
from auditor.ledger.note import NoteKey


@dataclass(frozen=True, slots=True, repr=False)
class OpenKey:
    """A signer (`attest.signing.Signer`) with the place that it was opened from.

    Args:
        signer: Makes the signatures.
        place: Path or URI, as messages show it; holds no secret.
    """

    signer: Signer
    place: str

    def __repr__(self) -> str:
        return f"OpenKey({self.place!r}, key_id={self.key_id!r})"

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key."""
        return self.signer.key_id

    @property
    def algorithm(self) -> Algorithm:
        """Which signatures it makes."""
        return self.signer.algorithm

    @property
    def public_key(self) -> str:
        """The public key, PEM."""
        return self.signer.public_key

    def sign(self, data: bytes) -> bytes:
        """The signature of the data, which verifies under `public_key`.

        Raises:
            VerificationError: What came back is no signature by this key.
            ConfigError: Whoever holds the key refuses to sign.
        """
        try:
            return checked_signature(self.signer, data)
        except AuditorError as error:
            error.where = error.where or self.place
            raise

    def note_key(self, origin: str) -> NoteKey:
        """The key as the log `origin` names it; its `.vkey` goes into the trust policy.

        Raises:
            ConfigError: Not an Ed25519 key.
        """
        try:
            return note_key(self.public_key, origin)
        except AuditorError as error:
            error.where = error.where or self.place
            raise
