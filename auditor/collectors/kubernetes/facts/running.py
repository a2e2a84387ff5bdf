"""What runs of a workload: its pods, their nodes and zones, how many are wanted and ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.kubernetes.facts.owners import pods_of
from auditor.collectors.kubernetes.world import (
    Item,
    UnreadError,
    World,
    by_name,
    mapping,
    mappings,
    text,
)
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_ZONE = "topology.kubernetes.io/zone"
_ENDED = frozenset({"Succeeded", "Failed"})
_STATUSES = ("initContainerStatuses", "containerStatuses")


def desired_pods(_value: object, item: Item, _world: World) -> object:
    """Pods that should run; null for kinds that end by themselves (Job, CronJob)."""
    if item.kind == "DaemonSet":
        return item.status["desiredNumberScheduled"]  # required by the API
    if item.kind in {"Deployment", "StatefulSet", "ReplicaSet"}:
        replicas = item.spec.get("replicas")
        return 1 if replicas is None else replicas
    return 1 if item.kind == "Pod" and text(item.status.get("phase")) not in _ENDED else None


def ready_pods(_value: object, item: Item, _world: World) -> object:
    """Pods that are ready; zero is left out by the API. Null where `desired_pods` is."""
    if desired_pods(None, item, _world) is None:
        return None
    if item.kind == "DaemonSet":
        return item.status["numberReady"]  # required by the API
    if item.kind == "Pod":
        conditions = mappings(item.status.get("conditions"))
        return int(any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions))
    return item.status.get("readyReplicas", 0)


def live_pods(_value: object, item: Item, world: World) -> list[dict[str, object]]:
    """Each pod: reasons for which containers wait, restarts, and when the last one was."""
    return sorted((_pod(pod) for pod in pods_of(item, world)), key=lambda pod: str(pod["name"]))


def _pod(pod: Item) -> dict[str, object]:
    containers = [c for name in _STATUSES for c in mappings(pod.status.get(name))]
    ended = [
        text(last.get("finishedAt"))
        for container in containers
        if (last := mapping(mapping(container.get("lastState")).get("terminated")))
    ]
    return {
        "name": pod.name,
        "waiting": sorted({r for c in containers for r in _waiting(c)}),
        "restarts": sum(_int(container["restartCount"]) for container in containers),
        "last_restart_at": max((at for at in ended if at), default=None),
    }


def _waiting(container: Mapping[str, object]) -> Iterator[str]:
    waiting = mapping(mapping(container.get("state")).get("waiting"))
    if waiting.get("reason"):
        yield text(waiting["reason"])


def _int(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"got {value!r}, expected a number")
    return value


def pod_nodes(_value: object, item: Item, world: World) -> list[str]:
    """Nodes that its pods are on, each once."""
    return sorted(_nodes(item, world))


def pod_zones(_value: object, item: Item, world: World) -> list[str]:
    """Zones of these nodes, each once.

    Raises:
        UnreadError: Pods or nodes could not be read, or a node does not say its zone.
    """
    zones = set()
    for name in sorted(_nodes(item, world)):
        found = world.find("Node", by_name, name)
        zone = text(mapping(found[0].metadata.get("labels")).get(_ZONE)) if found else ""
        if not zone:
            detail = (
                f"node {name!r} has no label {_ZONE}" if found else f"no node {name!r} is listed"
            )
            raise UnreadError(Gap(Cause.MISSING_FIELD, detail))
        zones.add(zone)
    return sorted(zones)


def _nodes(item: Item, world: World) -> set[str]:
    names = {
        text(pod.spec.get("nodeName"))
        for pod in pods_of(item, world)
        if text(pod.status.get("phase")) not in _ENDED
    }
    return names - {""}
