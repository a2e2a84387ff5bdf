"""Collecting from a test server, and the verdicts of the shipped controls over it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import cache

from auditor.app.engine import make_engine
from auditor.app.registry import Collectors
from auditor.catalog.library import Library, load_library
from auditor.collectors.interface import CollectionContext, Earlier, nothing_earlier
from auditor.collectors.mysql import MysqlCollector
from auditor.core.canonical import canonical
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import Plan, PlannedCheck
from auditor.core.model.fields import Record, typed_record
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.shipped import shipped

CONTROLS = ("mysql-access", "mysql-encryption", "mysql-logging", "mysql-operation")
Found = dict[str, Observation]


def target_of(settings: Mapping[str, object]) -> Target:
    return Target("db", "mysql-server", "prod", settings=dict(settings))


def read_all(
    executor: Executor,
    settings: Mapping[str, object],
    *types: str,
    earlier: Earlier = nothing_earlier,
    timeout_s: float = 10.0,
) -> Found:
    """Every type, or those named; what comes must keep the contract of collectors."""
    collector = MysqlCollector()
    known = collector.resource_types()
    context = CollectionContext(
        clock=lambda: datetime.now(UTC), executor=executor, earlier=earlier, timeout_s=timeout_s
    )
    target = target_of(settings)
    found = {o.resource_type: o for o in collector.collect(target, types or list(known), context)}
    for name, observation in found.items():
        keep_contract(known[name], observation)
    return found


def keep_contract(kind: ResourceType, observation: Observation) -> None:
    """Declared fields and no others, each read or explained, canonical, with provenance."""
    canonical(observation.to_json())
    assert Observation.from_json(observation.to_json()) == observation
    assert observation.calls or observation.gaps
    for resource in observation.resources:
        assert set(resource.data) | set(resource.unread) == set(kind.fields.fields)
        assert not set(resource.data) & set(resource.unread)
        typed_record(resource.data, _only(kind.fields, resource.data))
    typed_record(observation.facts, _only(kind.facts, observation.facts))
    if not observation.gaps:
        typed_record(observation.facts, kind.facts)


def _only(record: Record, present: Mapping[str, object]) -> Record:
    fields = {name: field for name, field in record.fields.items() if name in present}
    return Record(fields, record.nullable)


@cache  # read once: the library is part of the program
def _library() -> Library:
    return load_library([shipped("controls")])


def judged(found: Found) -> list[Finding]:
    """The findings of all MySQL checks whose types were read."""
    controls = tuple(_library().controls[name].control for name in CONTROLS)
    target = target_of({"user": "auditor"})
    plan = [
        PlannedCheck(control, check, target)
        for control in controls
        for check in control.checks
        if check.resource in found
    ]
    policy = Policy(
        controls=controls,
        frameworks=(),
        targets=(target,),
        environments=("prod",),
        resource_types=Collectors().resource_types([check.check.resource for check in plan]),
        inventory={},
    )
    observations = {(target.name, name): one for name, one in found.items()}
    now = max(observation.read_at for observation in found.values())
    return list(evaluate(policy, Plan(tuple(plan), ()), observations, now, make_engine()).findings)


def by_status(findings: list[Finding], status: str) -> set[str]:
    """`control/check/key` of the findings of a status."""
    return {f"{f.control}/{f.check}/{f.key}" for f in findings if f.status == status}
