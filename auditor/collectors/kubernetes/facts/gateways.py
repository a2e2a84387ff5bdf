"""Listeners of gateways (Gateway API): which of them encrypt, and with which certificates.

A gateway encrypts on listeners of the protocols HTTPS and TLS. A listener for HTTP is no flaw as
long as its routes do nothing but redirect to HTTPS. Certificates that the gateway does not hold
(TLS passed through, options of an implementation) are unread: they are judged from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.collectors.kubernetes.facts.attachment import attached, only_redirects
from auditor.collectors.kubernetes.facts.certificates import Leaf, leaf_of
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

_ENCRYPTED = frozenset({"HTTPS", "TLS"})
_OUTSIDE = "judge what it serves from outside, by a target of kind tls-endpoint"


def gateway_listener_rows(items: Sequence[Item], _world: World) -> Iterable[Item]:
    """A row for each listener of a gateway or of a listener set."""
    for item in items:
        for listener in mappings(item.spec.get("listeners")):
            row = {"listener": listener}
            yield Item(item.kind, {**item.object, "row": row}, text(listener.get("name")))


def serves_plain(value: object, item: Item, world: World) -> bool:
    """Whether a listener serves something that the gateway does not encrypt.

    Raises:
        UnreadError: Its routes could not be read, or it has more than are known here.
    """
    listener = mapping(value)
    protocol = text(listener.get("protocol"))
    if protocol in _ENCRYPTED or protocol != "HTTP":
        return protocol not in _ENCRYPTED
    routes = attached(listener, item, world)
    if not all(only_redirects(one.route) for one in routes):
        return True
    world.need_live("the routes that others attach to it")
    counted = _counted(listener, item)
    if counted > len(routes):
        detail = f"{counted} routes are attached to it, and {len(routes)} of known kinds name it"
        raise UnreadError(Gap(Cause.INCOMPLETE, detail, hint=_OUTSIDE))
    return False


def _counted(listener: Mapping[str, object], item: Item) -> int:
    """Routes by the gateway's own count; 0 where no implementation has taken the listener up."""
    for status in mappings(item.status.get("listeners")):
        if status.get("name") == listener.get("name"):
            return int(str(status.get("attachedRoutes", 0)))
    return 0


def listener_certificates(value: object, item: Item, world: World) -> list[dict[str, object]]:
    """Each certificate of a listener: its secret, whether it is there, and its end.

    Raises:
        UnreadError: The gateway does not hold them, or secrets could not be read.
    """
    return [
        {
            "secret": secret,
            "found": leaf is not None,
            "not_after": None if leaf is None else leaf.not_after,
        }
        for secret, leaf in _certificates(mapping(value), item, world)
    ]


def uncovered_hosts(value: object, item: Item, world: World) -> list[str]:
    """Hosts that a listener serves over TLS and that none of its certificates is for.

    Raises:
        UnreadError: As `listener_certificates`, or its routes could not be read.
    """
    listener = mapping(value)
    if text(listener.get("protocol")) not in _ENCRYPTED:
        return []
    leaves = [leaf for _secret, leaf in _certificates(listener, item, world) if leaf is not None]
    routes = attached(listener, item, world)
    own = text(listener.get("hostname"))
    hosts = {host for one in routes for host in one.hosts} if routes else {own} - {""}
    return sorted(host for host in hosts if not any(leaf.covers(host) for leaf in leaves))


def _certificates(
    listener: Mapping[str, object], item: Item, world: World
) -> Iterator[tuple[str, Leaf | None]]:
    if text(listener.get("protocol")) not in _ENCRYPTED:
        return
    tls = mapping(listener.get("tls"))
    if (tls.get("mode") or "Terminate") != "Terminate":
        raise _elsewhere("TLS goes through it, and ends behind it")
    references = mappings(tls.get("certificateRefs"))
    if not references:
        raise _elsewhere("it names no secret: its certificate is a matter of the implementation")
    for reference in references:
        kind = (text(reference.get("group")), text(reference.get("kind")) or "Secret")
        if kind != ("", "Secret"):
            raise _elsewhere(f"its certificate is a {kind[1]} of {kind[0] or 'the core group'}")
        namespace = text(reference.get("namespace")) or item.namespace
        name = text(reference.get("name"))
        yield f"{namespace}/{name}", _leaf(namespace, name, world)


def _leaf(namespace: str, name: str, world: World) -> Leaf | None:
    secrets = world.find("Secret", by_name, name, namespace)
    if not secrets:
        world.need_live(f"the secret {name!r}, which is not among the manifests")
        return None
    pem = text(secrets[0].object.get("certificate"))
    return leaf_of(pem) if pem else None


def _elsewhere(why: str) -> UnreadError:
    return UnreadError(Gap(Cause.NOT_COLLECTED, f"certificate not seen: {why}", hint=_OUTSIDE))
