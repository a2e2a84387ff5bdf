"""The project's side of the port to its own records: what `own_records.OwnRecords` asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from auditor.app.project import Project
from auditor.app.records.log_facts import read_clock, read_log, read_reports
from auditor.app.records.noted import NotedBook, key_ends, read_noted
from auditor.app.records.people_facts import read_statements, read_waivers
from auditor.app.records.read_facts import read_identities, read_rights
from auditor.app.records.run_facts import read_intervals
from auditor.catalog.config import LoadedConfig
from auditor.catalog.library import Library
from auditor.collectors.own_records import Noted, Reading, Wanted
from auditor.collectors.records.types import ATTESTATION
from auditor.errors import UsageError


@dataclass
class ProjectRecords:
    """The records of one project, as they are at one moment.

    Args:
        now: Start of the run that reads.
    """

    project: Project
    now: datetime

    @property
    def folder(self) -> Path:
        """The folder of auditor.yaml."""
        return self.project.loaded.folder

    @property
    def attestations(self) -> str:
        """The folder of attestations."""
        return self.project.loaded.config.attestations

    @cached_property
    def approvers(self) -> Mapping[str, str]:
        """Name to public key, PEM; "" where it cannot be read."""
        return approver_keys(self.project.loaded)

    @cached_property
    def wanted(self) -> tuple[Wanted, ...]:
        """The checks that wait for attestations."""
        return wanted_attestations(self.project.library, self.project.loaded)

    @cached_property
    def _book(self) -> NotedBook:
        return read_noted(self.project.store.entries())

    @property
    def noted(self) -> Sequence[Noted]:
        """The attestations that the log knows, with each text that one had."""
        return tuple(self._book.noted.values())

    @property
    def signed_by(self) -> Mapping[tuple[str, str], datetime]:
        """Digest of a text and of a signature of it, to when the log first took note of both."""
        return self._book.signatures

    @cached_property
    def key_ends(self) -> Mapping[str, datetime]:
        """Id of an approver's key to when it went out of use; without those that did not."""
        return key_ends(self.project)

    @cached_property
    def roles(self) -> list[str]:
        """Roles that own controls."""
        return sorted({control.owner.role for control in self.project.library.sorted_controls()})

    @cached_property
    def targets(self) -> list[str]:
        """Names of the targets."""
        return sorted(target.name for target in self.project.loaded.config.targets)

    def read(self, resource_type: str) -> Reading:
        """What the project itself says for a type.

        Raises:
            AuditorError: It could not be read.
        """
        if resource_type not in _READERS:
            raise UsageError(f"the project keeps no records of type {resource_type}")
        return _READERS[resource_type](self)


def approver_keys(loaded: LoadedConfig) -> dict[str, str]:
    """The public keys of the approvers; "" where one cannot be read, which never counts."""
    keys = {}
    for name, place in loaded.config.approvers.items():
        try:
            keys[name] = loaded.path(place).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            keys[name] = ""
    return keys


def wanted_attestations(library: Library, loaded: LoadedConfig) -> tuple[Wanted, ...]:
    """Every check of the library that reads attestations, with who may make them."""
    return tuple(
        Wanted(
            f"{control.id}/{check.id}",
            check.resource,
            control.owner.role,
            _holders(loaded, control.owner.role),
        )
        for control in library.sorted_controls()
        for check in control.checks
        if check.resource.startswith(ATTESTATION)
    )


def _holders(loaded: LoadedConfig, role: str) -> tuple[str, ...]:
    person = loaded.config.owners.get(role)
    names = (role,) if person is None else (role, person.name, person.email)
    return tuple(name for name in names if name)


_READERS: Mapping[str, Callable[[ProjectRecords], Reading]] = {
    "records.clock": lambda own: read_clock(own.project, own.now),
    "records.identity": lambda own: read_identities(own.project, own.now),
    "records.interval": lambda own: read_intervals(own.project, own.now),
    "records.issued_report": lambda own: read_reports(own.project),
    "records.log": lambda own: read_log(own.project, own.now),
    "records.right": lambda own: read_rights(own.project, own.now),
    "records.statement": lambda own: read_statements(
        own.folder / own.attestations, own.wanted, own, own.now
    ),
    "records.waiver": lambda own: read_waivers(own.project),
}
