from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from auditor.collectors.interface import CollectionContext
from auditor.collectors.postgres import PostgresCollector
from auditor.core.canonical import canonical
from auditor.core.model.fields import Record, typed_record
from auditor.core.model.observation import Observation
from auditor.core.model.target import Target
from tests.services.postgres.planted import SETTINGS, bad_server, good_server
from tests.services.postgres.server import Server


@pytest.fixture(scope="package")
def good() -> Iterator[Server]:
    """PostgreSQL 15 without a fault. Tests that change it put it back."""
    with good_server() as server:
        yield server


@pytest.fixture(scope="package")
def good18() -> Iterator[Server]:
    with good_server(18) as server:
        yield server


@pytest.fixture(scope="package")
def bad() -> Iterator[Server]:
    """PostgreSQL 15 with every planted fault. Not to be changed."""
    with bad_server() as server:
        yield server


def target_of(server: Server, **settings: object) -> Target:
    return Target("db", "postgres-server", "prod", {}, server.settings(**{**SETTINGS, **settings}))


def collect(
    target: Target,
    types: Sequence[str] = (),
    earlier: Mapping[str, Observation] | None = None,
    timeout_s: float = 30.0,
) -> dict[str, Observation]:
    """The observations by type, each checked for what holds of every evidence."""
    collector = PostgresCollector()
    known = earlier or {}
    with ThreadPoolExecutor(2) as executor:
        context = CollectionContext(
            clock=lambda: datetime.now(UTC),
            executor=executor,
            timeout_s=timeout_s,
            earlier=lambda _target, name, _wanted: known.get(name),
        )
        found = list(collector.collect(target, types or list(collector.resource_types()), context))
    for observation in found:
        check_evidence(collector, observation)
    return {observation.resource_type: observation for observation in found}


def check_evidence(collector: PostgresCollector, observation: Observation) -> None:
    """Declared, typed, and a JSON that survives; a field is there or unread."""
    kind = collector.resource_types()[observation.resource_type]
    canonical(observation.to_json())
    assert Observation.from_json(observation.to_json()) == observation
    for resource in observation.resources:
        named = {n: t for n, t in kind.fields.fields.items() if n in resource.data}
        typed_record(resource.data, Record(named, kind.fields.nullable))
        assert set(resource.data) | set(resource.unread) == set(kind.fields.fields)
        assert not set(resource.data) & set(resource.unread)
    typed_record(
        observation.facts,
        Record(
            {n: t for n, t in kind.facts.fields.items() if n in observation.facts},
            kind.facts.nullable,
        ),
    )
    assert set(observation.facts) <= set(kind.facts.fields)
