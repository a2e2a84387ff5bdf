"""A row for each container of a workload, with what a check may ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.collectors.kubernetes.facts.environment import environment, environment_sources
from auditor.collectors.kubernetes.facts.images import image
from auditor.collectors.kubernetes.facts.owners import pods_of
from auditor.collectors.kubernetes.facts.podspec import (
    Spec,
    containers_of,
    pod_spec,
    security,
)
from auditor.collectors.kubernetes.world import Item, UnreadError, World, mapping, mappings, text

_PROBES = {"liveness": "livenessProbe", "readiness": "readinessProbe", "startup": "startupProbe"}


def container_rows(items: Sequence[Item], world: World) -> Iterable[Item]:
    """Containers of the template, and those that only its running pods have.

    A webhook may add containers when a pod is made, and `kubectl debug` adds them to a running
    one: the template does not show them. `row.injected` tells them apart.
    """
    for item in items:
        spec = pod_spec(item)
        seen = set()
        for role, container in containers_of(spec):
            seen.add(text(container.get("name")))
            yield _row(item, role, container, spec, injected=False)
        if not world.declared and item.kind != "Pod":
            yield from _injected(item, world, seen)


def _injected(item: Item, world: World, seen: set[str]) -> Iterator[Item]:
    try:
        pods = pods_of(item, world)
    except UnreadError:
        return  # a list of the type's own kinds has a gap, which the observation carries
    for pod in pods:
        for role, container in containers_of(pod.spec):
            name = text(container.get("name"))
            if name not in seen:
                seen.add(name)
                yield _row(item, role, container, pod.spec, injected=True)


def _row(item: Item, role: str, container: Spec, spec: Spec, *, injected: bool) -> Item:
    name = text(container.get("name"))
    variables = environment(container)
    sources = environment_sources(container)
    row: dict[str, object] = {
        "name": name,
        "role": role,
        "injected": injected,
        "image": image(text(container.get("image"))),
        "security": security(container, spec),
        "resources": _resources(mapping(container.get("resources"))),
        "probes": {ours: container.get(theirs) is not None for ours, theirs in _PROBES.items()},
        "environment": variables,
        "environment_sources": sources,
        "secret_env": [one["name"] for one in variables if one["plain_secret"]],
        "secret_refs": sum(one["source"] == "secret" for one in (*variables, *sources)),
        "host_ports": sorted(
            {port["hostPort"] for port in mappings(container.get("ports")) if port.get("hostPort")}  # type: ignore[type-var]  # the schema has integers
        ),
    }
    return Item(item.kind, {**item.object, "row": row}, name)


def _resources(resources: Mapping[str, object]) -> dict[str, object]:
    """Quantities as written; a request that is left out is the limit (API reference, Container)."""
    limits, requests = mapping(resources.get("limits")), mapping(resources.get("requests"))
    return {
        "cpu_limit": _quantity(limits.get("cpu")),
        "memory_limit": _quantity(limits.get("memory")),
        "cpu_request": _quantity(requests.get("cpu", limits.get("cpu"))),
        "memory_request": _quantity(requests.get("memory", limits.get("memory"))),
    }


def _quantity(value: object) -> str | None:
    """A quantity is a text in the API; YAML gives a number for `cpu: 1`."""
    return None if value is None else str(value)
