"""Who owns what: a controller stands for its pods, and is judged once.

An owner reference counts only where the owner exists with that very uid: a reference is text that
whoever makes a pod may write, and it must not take a pod out of sight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.kubernetes.world import Item, UnreadError, World, mappings, text

# Who makes what. Anybody may write an owner reference: one that no controller would write hides
# nothing, or a deployment that says it is a replica set's would be judged by nobody.
_MAKERS: Mapping[str, frozenset[str]] = {
    "Pod": frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job"}),
    "ReplicaSet": frozenset({"Deployment"}),
    "Job": frozenset({"CronJob"}),
}
_ENDED = frozenset({"Succeeded", "Failed"})


def controller_uid(item: Item) -> tuple[str, ...]:
    """The uid of the controller, as an index wants it; () without one."""
    return tuple(
        text(owner.get("uid"))
        for owner in mappings(item.metadata.get("ownerReferences"))
        if owner.get("controller") is True
    )


def own_uid(item: Item) -> tuple[str, ...]:
    """Its own uid, as an index wants it."""
    return (item.uid,)


def is_judged_here(item: Item, world: World) -> bool:
    """False for what a controller of the catalogue made, and stands for."""
    makers = _MAKERS.get(item.kind, frozenset()) & world.listings.keys()
    for owner in mappings(item.metadata.get("ownerReferences")):
        kind = text(owner.get("kind"))
        if owner.get("controller") is True and kind in makers:
            return not _exists(kind, text(owner.get("uid")), item, world)
    return True


def _exists(kind: str, uid: str, item: Item, world: World) -> bool:
    if not uid:  # objects of manifests have none: it would fit any of them
        return False
    try:
        return bool(world.find(kind, own_uid, uid, item.namespace))
    except UnreadError:
        return False  # nobody knows whether it is there: then the item is judged by itself


def pods_of(item: Item, world: World) -> list[Item]:
    """The pods that a workload has made, through replica sets and jobs; a pod itself.

    Raises:
        UnreadError: These are manifests, or one of the kinds could not be read.
    """
    if item.kind == "Pod":
        return [item]
    world.need_live("the pods that a workload has made")
    return list(_pods_below(item, world))


def running_pods(item: Item, world: World) -> list[Item]:
    """The pods that a workload has made and that have not ended; what was not read is not there.

    The list of a type's own kinds has a gap then, which the observation carries.
    """
    if world.declared or item.kind == "Pod":
        return []
    try:
        pods = pods_of(item, world)
    except UnreadError:
        return []
    return [pod for pod in pods if text(pod.status.get("phase")) not in _ENDED]


def _pods_below(item: Item, world: World) -> Iterator[Item]:
    yield from world.find("Pod", controller_uid, item.uid, item.namespace)
    between = {"Deployment": "ReplicaSet", "CronJob": "Job"}.get(item.kind)
    if between is not None:
        for made in world.find(between, controller_uid, item.uid, item.namespace):
            yield from world.find("Pod", controller_uid, made.uid, made.namespace)
