"""The trust policy: what an auditor believes before looking at any evidence.

It comes to the auditor by another way than the evidence, and never from what is verified. It names
the log, the keys and when they were valid, who may approve exceptions, and what must be there.
Schema `trust-1`, JSON; people read and compare it, so it is indented, not canonical.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from cryptography.x509 import load_pem_x509_certificate
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from auditor.attest.signing import Algorithm, algorithm_of, key_id, load_public_key
from auditor.core.times import Duration, Instant
from auditor.errors import ConfigError, LedgerError
from auditor.ledger.cosignature import ML_DSA_44, CosignerKey
from auditor.ledger.note import NoteKey, parse_vkey

MAX_POLICY = 4 * 1024 * 1024


def _public_key(pem: str) -> str:
    try:
        load_public_key(pem)
    except ConfigError as error:  # pydantic adds the place to a ValueError
        raise ValueError(error.message) from error
    return pem


def log_note_key(vkey: str) -> NoteKey | CosignerKey:
    """A key that signs a log: Ed25519 (0x01), or the log's second key, ML-DSA-44 (0x06).

    Raises:
        LedgerError: Another form, or a key of another type.
    """
    if parse_vkey(vkey)[1] != ML_DSA_44:
        return NoteKey.parse(vkey)
    return CosignerKey.parse(vkey)


def _vkey(text: str) -> str:
    try:
        log_note_key(text)
    except LedgerError as error:
        raise ValueError(error.message) from error
    return text


def _cosigner_vkey(text: str) -> str:
    try:
        CosignerKey.parse(text)
    except LedgerError as error:
        raise ValueError(error.message) from error
    return text


def _certificate(pem: str) -> str:
    load_pem_x509_certificate(pem.encode())
    return pem


PublicKeyPem = Annotated[str, AfterValidator(_public_key)]
Vkey = Annotated[str, AfterValidator(_vkey)]
CosignerVkey = Annotated[str, AfterValidator(_cosigner_vkey)]
CertificatePem = Annotated[str, AfterValidator(_certificate)]


class TrustModel(BaseModel):
    """Frozen, and nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Validity(TrustModel):
    """When a key was in use: from `not_before` on, until `not_after` (exclusive) or still.

    A key that was revoked counts for signatures that are proven to be older than `revoked_at`.
    """

    not_before: Instant
    not_after: Instant | None = None
    revoked_at: Instant | None = None

    def covers(self, time: datetime) -> bool:
        """True when the key was in use at this time, and not revoked yet."""
        ends = [end for end in (self.not_after, self.revoked_at) if end is not None]
        return self.not_before <= time and all(time < end for end in ends)


class LogKey(Validity):
    """A key that signs checkpoints, as vkey: Ed25519, or the ML-DSA-44 key beside it."""

    vkey: Vkey

    @property
    def note_key(self) -> NoteKey | CosignerKey:
        """The key itself."""
        return log_note_key(self.vkey)


class NamedKey(Validity):
    """A key of a person or a machine, PEM."""

    name: Annotated[str, Field(min_length=1)]
    public_key: PublicKeyPem

    @property
    def key_id(self) -> str:
        """SHA-256 (hex) of the public key."""
        return key_id(self.public_key)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of the key."""
        return algorithm_of(load_public_key(self.public_key))


class Witness(Validity):
    """Somebody else who has seen that the log only appends; a vkey for cosignatures."""

    vkey: CosignerVkey

    @property
    def note_key(self) -> CosignerKey:
        """The key itself."""
        return CosignerKey.parse(self.vkey)


class Authority(Validity):
    """A time-stamp authority or another issuer of certificates: its root, PEM."""

    name: Annotated[str, Field(min_length=1)]
    certificate: CertificatePem


class Required(TrustModel):
    """What must be there; where it is not required, its absence is a warning.

    `witnesses` is how many of the policy's witnesses must have cosigned, each name counting once;
    `cadence` the longest time that may lie between two complete runs.
    """

    timestamp: bool = False
    witnesses: Annotated[int, Field(ge=0)] = 0
    remembered_head: bool = False
    cadence: Duration | None = None


class TrustPolicy(TrustModel):
    """Schema `trust-1`.

    `origin` is the name of the log; `log_keys` sign its checkpoints, `run_keys` its statements,
    `approvers` waivers and attestations; `witnesses` cosign checkpoints; `timestamp_authorities`
    say when a signature existed; `certificate_authorities` issue the certificates of signed PDFs.
    """

    schema_: Literal["trust-1"] = Field("trust-1", alias="schema")
    origin: Annotated[str, Field(min_length=1)]
    log_keys: tuple[LogKey, ...] = Field(min_length=1)
    run_keys: tuple[NamedKey, ...] = Field(min_length=1)
    approvers: tuple[NamedKey, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    timestamp_authorities: tuple[Authority, ...] = ()
    certificate_authorities: tuple[Authority, ...] = ()
    required: Required = Required()

    @model_validator(mode="after")
    def _log_has_its_first_key(self) -> Self:
        if not self.note_keys():
            raise ValueError(
                "log_keys: no Ed25519 key (0x01), and each checkpoint is signed by one"
            )
        return self

    @model_validator(mode="after")
    def _quorum_can_be_met(self) -> Self:
        witnesses = {witness.note_key.name for witness in self.witnesses}
        if self.required.witnesses > len(witnesses):
            raise ValueError(
                f"{self.required.witnesses} witnesses are required, {len(witnesses)} are named"
            )
        return self

    @model_validator(mode="after")
    def _witnesses_are_several_people(self) -> Self:
        """One key under two names, or the log's own, would fill a quorum alone."""
        owners = {key.note_key.public: "the log" for key in self.log_keys}
        for witness in self.witnesses:
            key = witness.note_key
            owner = owners.setdefault(key.public, key.name)
            if owner != key.name:
                raise ValueError(f"witness {key.name!r} has the same key as {owner}")
        return self

    def to_json(self) -> str:
        """The text of the file."""
        document = self.model_dump(mode="json", by_alias=True)
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str, *, where: str = "trust policy") -> TrustPolicy:
        """Read the text of a trust policy.

        Args:
            text: JSON of schema `trust-1`.
            where: The file, for messages.

        Raises:
            ConfigError: Not JSON, another schema, or a wrong field or key.
        """
        if len(text) > MAX_POLICY:
            raise ConfigError(f"longer than {MAX_POLICY} characters", where=where)
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            at = "/".join(str(part) for part in first["loc"])
            raise ConfigError(
                f"{at}: {first['msg']}" if at else first["msg"],
                hint="auditor init writes a trust policy; docs/reference/trust.md describes it",
                where=where,
            ) from error

    def note_keys(self) -> Sequence[NoteKey]:
        """All Ed25519 keys of the log, whenever valid."""
        keys = (key.note_key for key in self.log_keys)
        return [key for key in keys if isinstance(key, NoteKey)]

    def run_key(self, wanted: str) -> NamedKey | None:
        """The run key with this id, None where it is not known."""
        return next((key for key in self.run_keys if key.key_id == wanted), None)
