"""The port to the organisation's own records: what a collector may know of the project itself.

Implemented in `app`; a collector that is used outside of a project has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
