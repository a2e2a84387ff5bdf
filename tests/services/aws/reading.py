"""Reading with the collector in tests: threads of its own, a steady clock, observations by type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from auditor.collectors.aws import AwsCollector
from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import CollectionContext, Preflight
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.target import Target

REGIONS = ("eu-west-1", "us-east-1")


def target_at(url: str, **settings: object) -> Target:
    """A target with two regions and no patience."""
    own = {"endpoint_url": url, "regions": list(REGIONS), "max_attempts": 1}
    return Target("cloud", "aws-account", "prod", settings=own | settings)


def read(
    url: str,
    types: Iterable[str] = (),
    *,
    timeout_s: float = 20.0,
    max_calls: int | None = None,
    **settings: object,
) -> Mapping[str, Observation]:
    """The observations of some types, or of all."""
    collector = AwsCollector()
    names = list(types) or list(collector.resource_types())
    with ThreadPoolExecutor(8) as executor:
        context = CollectionContext(
            lambda: datetime.now(UTC),
            executor,
            timeout_s=timeout_s,
            budget=CallBudget(max_calls),
        )
        found = list(collector.collect(target_at(url, **settings), names, context))
    assert sorted(observation.resource_type for observation in found) == sorted(names)
    return {observation.resource_type: observation for observation in found}


def ask_who(url: str, **settings: object) -> Preflight:
    """The collector's preflight."""
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(lambda: datetime.now(UTC), executor)
        return AwsCollector().preflight(target_at(url, **settings), context)


def by(field: str, observation: Observation) -> Mapping[object, Resource]:
    """Resources by one of their fields."""
    return {resource.data[field]: resource for resource in observation.resources}
