"""Gateway API: which routes a listener takes, under which hosts, and whether they only redirect.

gateway.networking.k8s.io, ParentReference, AllowedRoutes and the intersection of hostnames. Where
the answer hangs on labels of namespaces (`from: Selector`) a route counts as attached: what is
served must not be overlooked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute")
_GROUPS = ("gateway.networking.k8s.io", "gateway.networking.x-k8s.io")
Parent = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Attached:
    """A route of a listener, and the hosts that it serves there; none where it takes any."""

    route: Item
    hosts: tuple[str, ...]


def attached(listener: Mapping[str, object], item: Item, world: World) -> Sequence[Attached]:
    """The routes of a listener of a gateway or listener set.

    Raises:
        UnreadError: A kind of routes could not be read.
    """
    parent = (item.kind, item.namespace, item.name)
    found = []
    for kind in ROUTES:
        for route in world.find(kind, _parents, parent):
            hosts = _hosts(listener, route)
            if hosts is not None and _is_taken(listener, route, item):
                found.append(Attached(route, hosts))
    return found


def _parents(route: Item) -> tuple[Parent, ...]:
    """Gateways and listener sets that a route names, each once; other parents are services."""
    found = (
        _parent(reference, route)
        for reference in mappings(route.spec.get("parentRefs"))
        if (text(reference.get("group")) or _GROUPS[0]) in _GROUPS
    )
    return tuple(dict.fromkeys(found))


def _parent(reference: Mapping[str, object], route: Item) -> Parent:
    return (
        text(reference.get("kind")) or "Gateway",
        text(reference.get("namespace")) or route.namespace,
        text(reference.get("name")),
    )


def _is_taken(listener: Mapping[str, object], route: Item, item: Item) -> bool:
    namespaces = mapping(mapping(listener.get("allowedRoutes")).get("namespaces"))
    if (text(namespaces.get("from")) or "Same") == "Same" and route.namespace != item.namespace:
        return False
    parent = (item.kind, item.namespace, item.name)
    return any(
        _parent(reference, route) == parent
        and reference.get("sectionName") in {None, "", listener.get("name")}
        and reference.get("port") in {None, listener.get("port")}
        for reference in mappings(route.spec.get("parentRefs"))
    )


def _hosts(listener: Mapping[str, object], route: Item) -> tuple[str, ...] | None:
    """Hosts of both, the narrower name of each pair; None where they have none in common."""
    own, wanted = text(listener.get("hostname")), names(route.spec.get("hostnames"))
    if not wanted:
        return (own,) if own else ()
    if not own:
        return tuple(wanted)
    narrow = (_narrower(own, host) for host in wanted)
    return tuple(host for host in narrow if host) or None


def _narrower(first: str, second: str) -> str:
    """The one of two names that the other one holds; "" where neither does."""
    if _holds(first, second):
        return second
    return first if _holds(second, first) else ""


def _holds(name: str, other: str) -> bool:
    """Unlike in a certificate, a wildcard stands for one label or more."""
    name, other = name.lower(), other.lower()
    return name == other or (name.startswith("*.") and other.endswith(name[1:]))


def only_redirects(route: Item) -> bool:
    """Whether all that a route does is to send its callers to HTTPS."""
    rules = mappings(route.spec.get("rules"))
    return route.kind == "HTTPRoute" and bool(rules) and all(_redirects(rule) for rule in rules)


def _redirects(rule: Mapping[str, object]) -> bool:
    if mappings(rule.get("backendRefs")):
        return False
    return any(
        one.get("type") == "RequestRedirect"
        and mapping(one.get("requestRedirect")).get("scheme") == "https"
        for one in mappings(rule.get("filters"))
    )
