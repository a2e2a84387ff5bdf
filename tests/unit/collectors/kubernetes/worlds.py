"""Worlds for tests of facts: objects in memory, as if they had been listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from auditor.collectors.kubernetes.extract import Extract, extract
from auditor.collectors.kubernetes.intake import kept
from auditor.collectors.kubernetes.loader import load_catalogue, load_kinds
from auditor.collectors.kubernetes.world import Item, Listing, World
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

Object = Mapping[str, Any]
DENIED = Gap(Cause.DENIED, "forbidden")


def listings_of(*objects: Object, gaps: Mapping[str, Gap] | None = None) -> dict[str, Listing]:
    """A listing of every kind; of those in `gaps` nothing could be read."""
    denied = gaps or {}
    found: dict[str, Listing] = {}
    for name, kind in load_kinds().items():
        documents = [kept(name, one) for one in objects if one["kind"] == kind.kind]
        own = (denied[name],) if name in denied else ()
        found[name] = Listing(name, [] if own else documents, own, counted=len(documents))
    return found


def world_of(
    *objects: Object, declared: bool = False, gaps: Mapping[str, Gap] | None = None
) -> World:
    """A world in which these objects were read."""
    return World(listings_of(*objects, gaps=gaps), declared=declared, minor=36)


def item_of(one: Object) -> Item:
    """An object as an item."""
    _place, document = kept(str(one["kind"]), one)
    return Item(str(one["kind"]), orjson.loads(document))


def extracted(
    name: str,
    objects: Iterable[Object],
    *,
    declared: bool = False,
    gaps: Mapping[str, Gap] | None = None,
) -> Extract:
    """What a type of the catalogue comes to."""
    listings = listings_of(*objects, gaps=gaps)
    return extract(load_catalogue()[name], listings, declared=declared, minor=36)
