"""Reading with the collector in tests: a cluster or manifests, observations by type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import CollectionContext, Preflight
from auditor.collectors.kubernetes import KubernetesCollector
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.target import Target
from tests.services.kubernetes.apiserver.server import Cluster


def settings_for(
    cluster: Cluster, folder: Path, user: str = "admin", **settings: object
) -> dict[str, object]:
    """Settings that reach the stand-in with a token."""
    file = folder / f"{user}.txt"
    file.write_text(f"{user}-token")
    own = {"connection": "server", "server": cluster.url, "token_file": str(file)}
    quick = {"insecure": cluster.url.startswith("http://"), "max_attempts": 2}
    return {**own, **quick, **settings}


def read(
    settings: Mapping[str, object],
    types: Iterable[str] = (),
    *,
    kind: str = "kubernetes-cluster",
    timeout_s: float = 10.0,
    max_calls: int | None = None,
) -> dict[str, Observation]:
    """The observations of some types, or of all."""
    collector = KubernetesCollector()
    names = list(types) or list(collector.resource_types())
    target = Target("k8s", kind, "prod", settings=settings, declared=kind.endswith("manifests"))
    with ThreadPoolExecutor(8) as executor:
        context = context_of(executor, timeout_s, max_calls)
        found = list(collector.collect(target, names, context))
    assert [one.resource_type for one in found] == names
    return {one.resource_type: one for one in found}


def context_of(
    executor: ThreadPoolExecutor, timeout_s: float = 10.0, max_calls: int | None = None
) -> CollectionContext:
    """What the collector may use."""
    return CollectionContext(
        lambda: datetime.now(UTC), executor, timeout_s=timeout_s, budget=CallBudget(max_calls)
    )


def preflight(settings: Mapping[str, object], kind: str = "kubernetes-cluster") -> Preflight:
    """Whether it answers, and as whom."""
    with ThreadPoolExecutor(1) as executor:
        target = Target("k8s", kind, "prod", settings=settings)
        return KubernetesCollector().preflight(target, context_of(executor))


def resource(observation: Observation, key: str) -> Resource:
    """The resource of a key."""
    found = [one for one in observation.resources if one.data["key"] == key]
    assert len(found) == 1, [one.data["key"] for one in observation.resources]
    return found[0]
