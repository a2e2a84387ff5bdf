"""Revisions of deployments: the replica sets that are kept (apps/v1)."""

from __future__ import annotations

from auditor.collectors.kubernetes.facts.owners import controller_uid
from auditor.collectors.kubernetes.world import Item, World, mapping, text

_REVISION = "deployment.kubernetes.io/revision"


def revision(_value: object, item: Item, _world: World) -> int:
    """Number of the revision that an object is at.

    Raises:
        ValueError: The deployment's controller has not seen it yet.
    """
    number = text(mapping(item.metadata.get("annotations")).get(_REVISION))
    if not number.isdecimal():
        raise ValueError(f"{item.key} has no number in its annotation {_REVISION}: {number!r}")
    return int(number)


def earlier_revisions(_value: object, item: Item, world: World) -> int:
    """How many replica sets of earlier revisions there are.

    Raises:
        UnreadError: Replica sets could not be read.
    """
    current = revision(None, item, world)
    made = world.find("ReplicaSet", controller_uid, item.uid, item.namespace)
    return sum(revision(None, one, world) < current for one in made)
