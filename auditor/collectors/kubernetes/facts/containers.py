"""A row for each container of a workload, with what a check may ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.collectors.kubernetes.facts.environment import environment, environment_sources
from auditor.collectors.kubernetes.facts.images import image
from auditor.collectors.kubernetes.facts.owners import running_pods
from auditor.collectors.kubernetes.facts.podspec import (
    Spec,
    containers_of,
    is_weaker,
    pod_spec,
    security,
)
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

_PROBES = {"liveness": "livenessProbe", "readiness": "readinessProbe", "startup": "startupProbe"}


def container_rows(items: Sequence[Item], world: World) -> Iterable[Item]:
    """Containers of the template, and what its running pods have besides.

    A webhook may add containers when a pod is made, `kubectl debug` adds them to a running one, an
    image may be changed in a pod alone, and anybody may make a pod that names the workload as its
    owner: the template shows none of this. `row.injected` tells them apart.
    """
    for item in items:
        spec = pod_spec(item)
        known: dict[str, list[Item]] = {}
        for role, container in containers_of(spec):
            one = _row(item, role, container, spec)
            known.setdefault(one.suffix, []).append(one)
            yield one
        yield from _injected(item, world, known)


def _injected(item: Item, world: World, known: dict[str, list[Item]]) -> Iterator[Item]:
    for pod in running_pods(item, world):
        for role, container in containers_of(pod.spec):
            name = text(container.get("name"))
            alike = known.setdefault(name, [])
            suffix = f"{name}@{pod.name}" if alike else name
            one = _row(item, role, container, pod.spec, injected=True, suffix=suffix)
            if not any(_stands_for(other, one) for other in alike):
                alike.append(one)
                yield one


def _stands_for(known: Item, other: Item) -> bool:
    """Whether judging one row judges the other: the same image, and no protection less."""
    first, second = (mapping(one.object["row"]) for one in (known, other))
    if first["image"] != second["image"] or first["secret_env"] != second["secret_env"]:
        return False
    return not is_weaker(mapping(second["security"]), mapping(first["security"]))


def _row(
    item: Item,
    role: str,
    container: Spec,
    spec: Spec,
    *,
    injected: bool = False,
    suffix: str = "",
) -> Item:
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
    return Item(item.kind, {**item.object, "row": row}, suffix or name)


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
