"""The collector of records: attestations, registers, documents, and what the project knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from auditor import __version__
from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.budget import SPENT_HINT, BudgetSpentError
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
    listed_permissions,
)
from auditor.collectors.own_records import OwnRecords, Reading
from auditor.collectors.records.attestations import Shelf, read_attestations, read_shelf
from auditor.collectors.records.changes import read_changes
from auditor.collectors.records.clock import ask
from auditor.collectors.records.documents import read_documents
from auditor.collectors.records.files import Folder, failed
from auditor.collectors.records.registers import PREFIX, gap_of, read_register
from auditor.collectors.records.settings import OrganisationSettings
from auditor.collectors.records.types import ATTESTATION, load_types
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.core.times import format_duration
from auditor.errors import AuditorError

VERSION = f"records {__version__}"
_IDENTITY = "this program"
_NO_PROJECT = Gap(
    Cause.NOT_COLLECTED,
    "records are read in a project only",
    hint="auditor scan",
)
MIN_SOURCES = 2


class RecordsCollector:
    """Reads targets of kind `organisation`."""

    name = "records"
    query_language = ""

    def __init__(self) -> None:
        self._types = load_types()

    @property
    def target_kinds(self) -> Mapping[str, TargetKind]:
        """The organisation itself."""
        return {"organisation": TargetKind(OrganisationSettings)}

    @property
    def expanders(self) -> Sequence[Expander]:
        """None."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name."""
        return self._types

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """What must be allowed, in words."""
        return listed_permissions(self._types[name] for name in resource_types)

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """A line for each type: how many files that is, only reading tells."""
        del target
        return [PlannedCall(name, None, "organisation") for name in sorted(resource_types)]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Whether there is a project to read."""
        del target
        return Preflight(_IDENTITY, None if context.records else _NO_PROJECT)

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """One observation for each type; the folder of attestations is read once for all.

        Raises:
            UsageError: A type that it does not read.
            ConfigError: The target's settings are wrong.
        """
        refuse_unknown(self.name, target, resource_types, self._types)
        settings = settings_of(target, OrganisationSettings)
        reader = _Reader(settings, context)
        for name in resource_types:
            started = context.clock()
            reading = reader.read(self._types[name])
            yield Observation(
                target=target.name,
                environment=target.environment,
                resource_type=name,
                identity=_IDENTITY,
                started_at=started,
                read_at=context.clock(),
                as_of=started,
                resources=tuple(reading.resources),
                facts=reading.facts,
                gaps=tuple(reading.gaps),
                calls=tuple(reading.calls),
                collector=VERSION,
            )


class _Reader:
    """One target, in one collection."""

    def __init__(self, settings: OrganisationSettings, context: CollectionContext) -> None:
        self._settings = settings
        self._context = context
        self._shelf: Shelf | None = None

    def read(self, kind: ResourceType) -> Reading:
        records = self._context.records
        if records is None:
            return Reading(gaps=[_NO_PROJECT])
        try:
            return self._read(kind, records)
        except AuditorError as error:
            return Reading(gaps=[gap_of(error)])
        except OSError as error:  # a folder on the way that may not be searched
            return Reading(gaps=[gap_of(failed(error, str(error.filename or kind.name)))])

    def _read(self, kind: ResourceType, records: OwnRecords) -> Reading:
        settings, now = self._settings, self._context.clock()
        registers = _folder(records, settings.registers)
        if kind.name.startswith(ATTESTATION):
            if self._shelf is None:
                self._shelf = read_shelf(_folder(records, records.attestations), now)
            return read_attestations(self._shelf, kind, records, now)
        if kind.name.startswith(PREFIX):
            return read_register(registers, kind, records, now)
        match kind.name:
            case "records.document":
                documents = _folder(records, settings.documents)
                return read_documents(documents, registers, kind, records, now)
            case "records.change":
                folder = records.folder / settings.repository
                return read_changes(folder, settings.reviewed_paths, now, self._context.timeout_s)
            case "records.clock":
                return self._clock(records)
            case _:
                return records.read(kind.name)

    def _clock(self, records: OwnRecords) -> Reading:
        """One resource: how far the clock is off, by how many sources, and the log's head."""
        own = records.read("records.clock")
        calls, offsets, gaps = [], [], []
        for url in self._settings.time_sources:
            try:
                self._context.budget.take()
            except BudgetSpentError as error:
                gaps.append(Gap(Cause.LIMIT, str(error), subject=url, hint=SPENT_HINT))
                continue
            call, answer = ask(url, self._context.clock, self._context.timeout_s)
            calls.append(call)
            if isinstance(answer, timedelta):
                offsets.append(answer)
            else:
                gaps.append(answer)
        if len(offsets) < MIN_SOURCES:
            said = f"{len(offsets)} time sources answered, and {MIN_SOURCES} are needed"
            hint = "name web servers as `time_sources` of the target"
            gaps.append(Gap(Cause.NOT_COLLECTED, said, hint=hint))
            return Reading(gaps=gaps, calls=calls)
        worst = format_duration(max(offsets))
        data = {"sources": len(offsets), "worst_offset": worst}
        resources = [Resource({**one.data, **data}) for one in own.resources]
        return Reading(resources, own.facts, [*own.gaps, *gaps], calls)


def _folder(records: OwnRecords, name: str) -> Folder:
    return Folder(Path(records.folder) / name, name)
