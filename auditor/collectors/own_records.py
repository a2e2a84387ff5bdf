"""The port to the organisation's own records: what a collector may know of the project itself.

Implemented in `app`; a collector that is used outside of a project has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from auditor.core.model.observation import Call, Gap, Resource


@dataclass(frozen=True, slots=True)
class Wanted:
    """A check that waits for an attestation.

    Args:
        check: `control/check`.
        resource_type: What it reads.
        role: Who may attest: the role that owns the control.
        holders: Names of approvers that fill that role: the role itself, its person, its address.
    """

    check: str
    resource_type: str
    role: str
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """An attestation as the log took note of it.

    Args:
        digest: Of its text, `sha256:...`.
        entry, at: Index and time of the entry that had this text first.
        valid_until: Exclusive; None where the entry does not say.
        period: "" where it is about none.
        attachments: SHA-256 of each, hex.
    """

    id: str
    check: str
    digest: str
    entry: int
    at: datetime
    valid_until: datetime | None = None
    period: str = ""
    attachments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one resource type: the part of an observation that differs by type."""

    resources: Sequence[Resource] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    gaps: Sequence[Gap] = ()
    calls: Sequence[Call] = ()


class OwnRecords(Protocol):
    """The project, as far as its own records are evidence."""

    @property
    def folder(self) -> Path:
        """The folder of auditor.yaml, which paths are relative to."""
        ...

    @property
    def attestations(self) -> str:
        """The folder of attestations, relative to `folder`."""
        ...

    @property
    def approvers(self) -> Mapping[str, str]:
        """Name to public key, PEM; "" where it cannot be read."""
        ...

    @property
    def wanted(self) -> Sequence[Wanted]:
        """The checks that wait for attestations, in order."""
        ...

    @property
    def noted(self) -> Sequence[Noted]:
        """The attestations that the log knows, with each text that one had."""
        ...

    @property
    def signed_by(self) -> Mapping[tuple[str, str], datetime]:
        """Digest of a text and of a signature of it, to when the log first took note of both."""
        ...

    @property
    def key_ends(self) -> Mapping[str, datetime]:
        """Id of an approver's key to when it went out of use; without those that did not."""
        ...

    @property
    def roles(self) -> Sequence[str]:
        """Roles that own controls, sorted."""
        ...

    @property
    def targets(self) -> Sequence[str]:
        """Names of the targets of auditor.yaml, sorted."""
        ...

    def read(self, resource_type: str) -> Reading:
        """What the store, the log and auditor.yaml say for a type `records.own_*`.

        Raises:
            AuditorError: It could not be read.
        """
        ...
