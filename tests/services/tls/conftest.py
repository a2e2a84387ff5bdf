from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.collectors.interface import CollectionContext
from auditor.collectors.tls import TlsCollector
from auditor.collectors.tls.trust import SystemStore
from auditor.core.canonical import canonical
from auditor.core.model.fields import Record, typed_record
from auditor.core.model.observation import Observation
from auditor.core.model.target import Target
from tests.services.tls.servers import Authority

Collect = Callable[..., Observation]


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with Authority.create(tmp_path_factory.mktemp("ca")) as made:
        yield made


def present(fields: Record, data: Mapping[str, object]) -> Record:
    """The declared fields that have a value; the others must be unread."""
    named = {name: kind for name, kind in fields.fields.items() if name in data}
    return Record(named, fields.nullable)


def check_evidence(collector: TlsCollector, observation: Observation) -> None:
    """What holds for every row, whatever the server: declared, typed, complete, repeatable."""
    kind = collector.resource_types()[observation.resource_type]
    canonical(observation.to_json())
    assert Observation.from_json(observation.to_json()) == observation
    for resource in observation.resources:
        typed_record(resource.data, present(kind.fields, resource.data))
        assert set(resource.data) | set(resource.unread) == set(kind.fields.fields)
        assert not set(resource.data) & set(resource.unread)
        if kind.derive is not None:
            facts = kind.derive(resource.data)
            assert resource.data.items() >= facts.items()
            assert facts.keys() == set(kind.derived) & resource.data.keys()


@pytest.fixture
def collect(authority: Authority) -> Collect:
    """Collect one resource type from a target with the given settings."""

    def run(
        *endpoints: object,
        kind: str = "tls.endpoint",
        inventory: Mapping[str, object] | None = None,
        addresses: list[str] | None = None,
        trusted: bool = True,
        **settings: object,
    ) -> Observation:
        empty = SystemStore(None, None)
        collector = (
            TlsCollector(resolve=lambda _host, _port: addresses, system=empty)
            if addresses
            else TlsCollector(system=empty)
        )
        if trusted:
            settings = {"ca_file": str(authority.ca_file)} | settings
        target = Target(
            "web", "tls-endpoint", "test", settings={"endpoints": endpoints, **settings}
        )
        with ThreadPoolExecutor(4) as executor:
            context = CollectionContext(
                clock=lambda: datetime.now(UTC), executor=executor, inventory=inventory or {}
            )
            (observation,) = collector.collect(target, [kind], context)
        check_evidence(collector, observation)
        return observation

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
