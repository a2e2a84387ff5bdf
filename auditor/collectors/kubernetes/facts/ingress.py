"""Ingresses: which hosts are served without TLS, and the certificates of the others.

networking.k8s.io/v1. A host of a rule is covered by a block of `tls` that names it, or names the
wildcard above it.
"""

from __future__ import annotations

from auditor.collectors.kubernetes.facts.certificates import covers, leaf_of
from auditor.collectors.kubernetes.world import (
    Item,
    World,
    by_name,
    mapping,
    mappings,
    members,
    text,
)

ANY_HOST = "*"


def plain_hosts(_value: object, item: Item, _world: World) -> list[str]:
    """Hosts of rules in no block of `tls`; `*` for a rule, or a default backend, without host."""
    blocks = [set(_hosts(block)) for block in mappings(item.spec.get("tls"))]
    hosts = {text(rule.get("host")) or ANY_HOST for rule in mappings(item.spec.get("rules"))}
    if item.spec.get("defaultBackend") is not None:
        hosts.add(ANY_HOST)
    return sorted(host for host in hosts if not any(_in_block(host, block) for block in blocks))


def _in_block(host: str, block: set[str]) -> bool:
    # A block without hosts is for all of the controller's (API reference, IngressTLS).
    return not block or any(covers(name, host) for name in block)


def ingress_tls(_value: object, item: Item, world: World) -> list[dict[str, object]]:
    """Each block of `tls` with what its secret's certificate is for.

    Raises:
        UnreadError: The secrets could not be read, or are not among the manifests.
    """
    return [_block(block, item, world) for block in mappings(item.spec.get("tls"))]


def _block(block: object, item: Item, world: World) -> dict[str, object]:
    spec = mapping(block)
    name = text(spec.get("secretName"))
    hosts = _hosts(block) or sorted(
        {text(rule.get("host")) for rule in mappings(item.spec.get("rules"))} - {""}
    )
    found: dict[str, object] = {
        "secret": name or None,
        "hosts": hosts,
        "found": False,
        "uncovered": hosts,
        "not_after": None,
    }
    if not name:
        return found
    secrets = world.find("Secret", by_name, name, item.namespace)
    if not secrets:
        world.need_live(f"the secret {name!r}, which is not among the manifests")
        return found
    pem = text(secrets[0].object.get("certificate"))
    return found | _certificate(pem, hosts) if pem else found


def _certificate(pem: str, hosts: list[str]) -> dict[str, object]:
    leaf = leaf_of(pem)
    return {
        "found": True,
        "uncovered": [host for host in hosts if not leaf.covers(host)],
        "not_after": leaf.not_after,
    }


def _hosts(block: object) -> list[str]:
    return sorted(text(host) for host in members(mapping(block).get("hosts")))
