"""Conditions of a status: the list of {type, status, reason, lastTransitionTime}."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.kubernetes.world import Item, World, mapping, mappings


def condition(item: Item, kind: str) -> Mapping[str, object] | None:
    """The condition of a type; None where the object has none such."""
    for one in mappings(item.status.get("conditions")):
        if one.get("type") == kind:
            return one
    return None


def is_ready(_value: object, item: Item, _world: World) -> bool:
    """Whether its condition Ready is True; without one it is not."""
    return mapping(condition(item, "Ready")).get("status") == "True"


def annotation_names(value: object, _item: Item, _world: World) -> list[str]:
    """Names of annotations, sorted."""
    return sorted(mapping(value))
