"""A collector that reads things from a JSON file: the systems of the scripted repository.

The file says what there is, and what goes wrong while it is read: `denied`, `down` (regions that do
not answer) and `skew` (hours that the system's clock is ahead).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.core.model.fields import Record, Scalar
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

PLACES = {"world": "tests.gate.collector:WorldCollector"}
FIELDS = Record({"name": Scalar("string"), "level": Scalar("int"), "region": Scalar("string")})


class WorldSettings(BaseModel):
    """Settings of a target of kind `world`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str


class WorldCollector:
    """Reads `world.thing`, `world.part` and `world.other`."""

    name = "world"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = {"world": TargetKind(WorldSettings)}
    expanders: Sequence[Expander] = ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        names = ("world.thing", "world.part", "world.other")
        return {name: ResourceType(name, name.title(), FIELDS, Record({})) for name in names}

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        return {"text": "".join(f"read {name}\n" for name in resource_types)}

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        return [PlannedCall(f"list {name}", 1, target.name) for name in resource_types]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        del context
        return Preflight(f"world {target.name}")

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        world = json.loads(Path(str(target.settings["file"])).read_text("utf-8"))
        for name in resource_types:
            yield _observe(target, name, world, context)


def _observe(
    target: Target, name: str, world: Mapping[str, Any], context: CollectionContext
) -> Observation:
    now = context.clock()
    down = world.get("down", [])
    rows = [row for row in world.get(name, []) if row["region"] not in down]
    gaps = [Gap(Cause.UNREACHABLE, "no answer", subject=region) for region in down]
    if world.get("denied"):
        rows, gaps = [], [Gap(Cause.DENIED, "not allowed", action="world:List")]
    return Observation(
        target=target.name,
        environment=target.environment,
        resource_type=name,
        identity="reader",
        started_at=now,
        read_at=now,
        as_of=now + timedelta(hours=world.get("skew", 0)),
        resources=tuple(
            Resource({k: v for k, v in row.items() if k != "uid"}, uid=row.get("uid", ""))
            for row in rows
        ),
        gaps=tuple(gaps),
    )
