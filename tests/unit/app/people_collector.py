"""A collector of people: personal fields, tokens, and whatever a test wants it to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

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
from auditor.core.model.observation import Call, Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.unit.app.company import BEGIN, Company, check, ticking, write_library

PLACES = {"people": "tests.unit.app.people_collector:PeopleCollector"}
FIELDS = {
    "name": "string",
    "mail?": "string",
    "phone?": "string",
    "active": "bool",
    "badge?": "string",
    "tags": "map<string>",
    "devices": [{"id": "string", "address?": "string"}],
}
ANNA: dict[str, Any] = {
    "name": "anna",
    "mail": "anna.lindqvist@example.org",
    "phone": "+46 70 555 01 23",
    "active": True,
    "badge": "badge-4711",
    "tags": {"team": "core"},
    "devices": [{"id": "d1", "address": "192.0.2.77"}],
}
BEN: dict[str, Any] = ANNA | {"name": "ben", "mail": None, "active": False, "devices": []}


def _record(spec: object) -> Record:
    made = parse_field_type(spec)
    assert isinstance(made, Record)
    return made


@dataclass(frozen=True)
class Answer:
    """What the system answers; by name, for settings are recorded and secrets in them refused."""

    rows: tuple[dict[str, Any], ...] = (ANNA, BEN)
    facts: Mapping[str, Any] = field(default_factory=lambda: {"people": 2})
    identity: str = "reader"
    request: str = "list people"
    gap: str = ""
    note: str = "reading"


PASSWORD, TOKEN = "hunter2-hunter2", "ghp_" + "a1" * 18
ANSWERS: Mapping[str, Answer] = {
    "people": Answer(),
    "undeclared": Answer(
        (ANNA | {"gecos": "Anna L.", "devices": [{"id": "d", "pin": "pin-981273"}]},)
    ),
    "undeclared fact": Answer(facts={"people": 2, "boss": "Berta"}),
    "wrong shape": Answer((ANNA | {"phone": {"home": "1"}, "tags": ["x"]},)),
    "secret in a field": Answer(
        (ANNA | {"name": "anna"}, BEN | {"tags": {"note": f"use {TOKEN}"}})
    ),
    "secret by its name": Answer((ANNA | {"tags": {"db-password": PASSWORD, "ci": "true"}},)),
    "secret key": Answer((ANNA | {"tags": {TOKEN: "x"}},)),
    "secret in the name": Answer((ANNA | {"name": f"anna {TOKEN}"},)),
    "secret fact": Answer(facts={"people": 2, "place": f"https://u:{PASSWORD}@example.org/"}),
    "secret provenance": Answer(
        identity=f"reader {TOKEN}",
        request=f"GET https://u:{PASSWORD}@example.org/?sig={PASSWORD}",
        gap=f"denied for --token={PASSWORD}",
        note=f"asking with Authorization: Bearer {PASSWORD}",
    ),
    "reserved name": Answer((ANNA | {"tags": {"_sd": "x"}},)),
    "number as token": Answer((ANNA | {"badge": 4711},)),
    "nobody": Answer(()),
}


class PeopleSettings(BaseModel):
    """Which of the answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: str = "people"
    url: str = ""


class PeopleCollector:
    """Reads `people.person`."""

    name = "people"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = {"people": TargetKind(PeopleSettings)}
    expanders: Sequence[Expander] = ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        kind = ResourceType(
            "people.person",
            "Person",
            _record(FIELDS),
            _record({"people": "int", "place?": "string"}),
            personal=("mail", "phone", "devices.address"),
            token=("badge",),
        )
        return {kind.name: kind}

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        return {"text": "".join(resource_types)}

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        del context
        return Preflight(f"people on {target.name}")

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        del target, resource_types
        return ()

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        asked = ANSWERS[str(target.settings["answer"])]
        context.progress(asked.note)
        now = context.clock()
        for name in resource_types:
            yield Observation(
                target=target.name,
                environment=target.environment,
                resource_type=name,
                identity=asked.identity,
                started_at=now,
                read_at=now,
                as_of=now,
                resources=tuple(Resource(row) for row in asked.rows),
                facts=asked.facts,
                gaps=(Gap(Cause.DENIED, asked.gap, subject="x"),) if asked.gap else (),
                calls=(Call(asked.request, "https://people.example.org", now),),
            )


class People(Company):
    """A working folder over that collector."""

    def project(self) -> Project:
        return Project(load_config(self.config), collectors=Collectors(PLACES))


def people_check(
    expr: str, message: str = "{resource.name} is wrong", **more: Any
) -> dict[str, Any]:
    """A check of people with one assertion."""
    base = check("thing", "high", collector="people", resource="people.person")
    base["assert"] = [{"id": "ok", "expr": expr, "severity": "high", "message": message}]
    return base | more


def people(folder: Path, checks: Sequence[Mapping[str, Any]], **settings: Any) -> People:
    """A company with one target of people."""
    target = {"name": "staff", "kind": "people", "environment": "prod", **settings}
    setup = Setup("Example Ltd", "prod", [target], {"controls": ["library"]})
    write_setup(folder, setup, BEGIN - timedelta(days=1), Collectors(PLACES))
    write_library(folder / "library", checks)
    return People(folder, ticking())
