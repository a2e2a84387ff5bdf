"""Reading records in a folder, with a project's side of the port in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import CollectionContext
from auditor.collectors.own_records import Noted, Reading, Wanted
from auditor.collectors.records import RecordsCollector
from auditor.core.model.observation import Observation
from auditor.core.model.target import Target
from auditor.errors import StoreError

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


@dataclass
class InMemory:
    """The port, without a project behind it."""

    folder: Path
    attestations: str = "attestations"
    approvers: Mapping[str, str] = field(default_factory=dict)
    wanted: Sequence[Wanted] = ()
    roles: Sequence[str] = ("head-of-parts", "head-of-things")
    targets: Sequence[str] = ("aws-prod",)
    noted: Sequence[Noted] = ()
    signed_by: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    key_ends: Mapping[str, datetime] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def read(self, resource_type: str) -> Reading:
        if resource_type not in self.readings:
            raise StoreError("the store is away", hint="bring it back")
        return self.readings[resource_type]


def read(
    folder: Path,
    name: str,
    *,
    records: InMemory | None = None,
    max_calls: int | None = None,
    **settings: object,
) -> Observation:
    """The one observation of a type."""
    collector = RecordsCollector()
    target = Target("us", "organisation", "prod", {}, settings)
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(
            clock=lambda: NOW,
            executor=executor,
            timeout_s=5.0,
            budget=CallBudget(max_calls),
            records=records or InMemory(folder),
        )
        (observation,) = collector.collect(target, [name], context)
    return observation


def write(folder: Path, name: str, text: str) -> Path:
    """A file below the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
