"""A collector that reads the buckets of the benchmarks from memory, and a working folder for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import BaseModel, ConfigDict

from auditor.app.project import Project
from auditor.app.registry import Collectors
from auditor.app.setup import Setup, write_setup
from auditor.catalog.config import load_config
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from bench.judgement import FIELDS, bucket, control

KIND, TYPE = "bench", "bench.bucket"
PLACES = {KIND: "bench._buckets:BucketCollector"}
FRAMEWORKS = Path(__file__).parents[1] / "controls" / "frameworks"


class BucketSettings(BaseModel):
    """How many buckets there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    number: int


class BucketCollector:
    """Reads buckets that are made up."""

    name = KIND
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = MappingProxyType({KIND: TargetKind(BucketSettings)})

    @property
    def expanders(self) -> Sequence[Expander]:
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        fields, facts = parse_field_type(FIELDS), parse_field_type({"count": "int"})
        if not isinstance(fields, Record) or not isinstance(facts, Record):
            raise TypeError("records are expected")
        return {TYPE: ResourceType(TYPE, "Bucket", fields, facts)}

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        del resource_types
        return {}

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        del target, resource_types
        return []

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        del context
        return Preflight(f"buckets of {target.name}")

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        number = int(str(target.settings["number"]))
        for name in resource_types:
            now = context.clock()
            yield Observation(
                target=target.name,
                environment=target.environment,
                resource_type=name,
                identity="bench",
                started_at=now,
                read_at=now,
                as_of=now,
                resources=tuple(Resource(bucket(item)) for item in range(number)),
                facts={"count": number},
            )


def write_company(folder: Path, number: int, now: datetime) -> Project:
    """A working folder whose only target has so many buckets."""
    target = {
        "name": "one",
        "kind": KIND,
        "environment": "prod",
        "number": number,
    }
    setup = Setup("Example Ltd", "prod", [target], {"controls": ["library"]})
    collectors = Collectors(PLACES)
    write_setup(folder, setup, now - timedelta(days=1), collectors)
    document = control().model_dump(mode="json", by_alias=True, exclude_unset=True)
    document["checks"][0] |= {"collector": KIND, "resource": TYPE}
    document["checks"][0]["assert"][-1]["vacuous"] = "a bucket without a policy is closed"
    document["maps"] = {"soc2": [{"id": "CC6.1", "strength": "supporting"}]}
    path = folder / "library" / "data" / document["id"] / "control.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    (folder / "library" / "frameworks").mkdir()
    for framework in FRAMEWORKS.glob("*.yaml"):
        place = folder / "library" / "frameworks" / framework.name
        place.write_bytes(framework.read_bytes())
    return Project(load_config(folder / "auditor.yaml"), collectors=collectors)
