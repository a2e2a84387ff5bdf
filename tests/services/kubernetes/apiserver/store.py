"""The objects of the stand-in API server, each validated against the official schema."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from auditor.collectors.kubernetes.loader import load_kinds
from tests.services.kubernetes.apiserver.schemas import validate

Object = Mapping[str, Any]
# Groups of the API itself; objects of others are custom resources, which have no official schema.
BUILT_IN = ("", "apps", "batch", "autoscaling", "policy")
EPOCH = "2026-11-01T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind is served."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool


@dataclass(slots=True)
class Stored:
    """One object: its namespace, name and JSON text."""

    namespace: str
    name: str
    object: dict[str, Any]
    text: bytes


@dataclass(slots=True)
class Store:
    """All objects, by place.

    Args:
        version: Of the API (`1.36`): which schemas hold.
        validated: Off only for benchmarks.
    """

    version: str = "1.36"
    validated: bool = True
    places: dict[tuple[str, str, str], Place] = field(default_factory=dict)
    objects: dict[tuple[str, str], list[Stored]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Serve every built-in kind of the catalogue."""
        for kind in load_kinds().values():
            if kind.origin == "list" and is_built_in(kind.group):
                for version in kind.versions:
                    self.serve(Place(kind.group, version, kind.plural, kind.kind, kind.namespaced))

    def serve(self, place: Place) -> None:
        """Serve a kind, in one version more."""
        self.places[place.group, place.version, place.plural] = place

    def withdraw(self, group: str, plural: str) -> None:
        """Serve a kind no more."""
        for key in [k for k in self.places if (k[0], k[2]) == (group, plural)]:
            del self.places[key]

    def install(self, group: str) -> None:
        """Install the custom resource definitions of a group that the catalogue knows."""
        for kind in load_kinds().values():
            if kind.origin == "list" and kind.group == group:
                self.serve(Place(group, kind.versions[0], kind.plural, kind.kind, kind.namespaced))

    def add(self, objects: Iterable[Object]) -> None:
        """Store objects as the server would: with uid, creation time and resource version."""
        for one in objects:
            self._add(one)

    def _add(self, one: Object) -> None:
        group, _, version = str(one["apiVersion"]).rpartition("/")
        place = next(
            (
                p
                for p in self.places.values()
                if (p.group, p.version, p.kind) == (group, version, one["kind"])
            ),
            None,
        )
        assert place is not None, f"{one['apiVersion']} {one['kind']} is not served"
        if self.validated and is_built_in(group):
            validate(one, self.version)
        metadata = dict(one["metadata"])
        name, namespace = metadata["name"], metadata.get("namespace", "")
        assert bool(namespace) == place.namespaced, f"{one['kind']} {name}: namespace {namespace!r}"
        own = uuid.uuid5(uuid.NAMESPACE_URL, f"{group}/{place.plural}/{namespace}/{name}")
        metadata.setdefault("uid", str(own))
        metadata.setdefault("creationTimestamp", EPOCH)
        metadata.setdefault("resourceVersion", "100")
        kept = {k: v for k, v in one.items() if k not in {"apiVersion", "kind"}}
        stored = {**kept, "metadata": metadata}
        held = self.objects.setdefault((group, place.plural), [])
        held.append(Stored(namespace, name, stored, orjson.dumps(stored)))

    def listed(self, group: str, plural: str, namespace: str | None) -> list[Stored]:
        """Objects in the order of the server: by namespace and name."""
        held = self.objects.get((group, plural), [])
        chosen = [one for one in held if namespace is None or one.namespace == namespace]
        return sorted(chosen, key=lambda one: (one.namespace, one.name))

    def remove(self, group: str, plural: str, name: str) -> None:
        """Forget an object."""
        held = self.objects[group, plural]
        self.objects[group, plural] = [one for one in held if one.name != name]


def is_built_in(group: str) -> bool:
    """Whether a group is of the API itself."""
    return group in BUILT_IN or (group.endswith(".k8s.io") and not group.startswith("gateway."))


def uid_of(group: str, plural: str, namespace: str, name: str) -> str:
    """The uid that an object gets, for owner references."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{group}/{plural}/{namespace}/{name}"))
