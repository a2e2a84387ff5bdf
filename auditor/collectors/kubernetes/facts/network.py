"""Network policies: what holds for all pods of a namespace (networking.k8s.io/v1).

A policy that selects all pods and lists no rule for a direction denies it by default; rules of
other policies add to that. A policy without `policyTypes` is one for Ingress, and for Egress only
where it has egress rules. Policies of other APIs (Cilium, Calico, AdminNetworkPolicy) are not seen.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.kubernetes.facts.labels import selects_everything
from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text


def default_deny_ingress(_value: object, item: Item, world: World) -> bool:
    """Whether a policy of the namespace denies what comes in, for all pods."""
    return _denies("Ingress", item, world)


def default_deny_egress(_value: object, item: Item, world: World) -> bool:
    """Whether a policy of the namespace denies what goes out, for all pods."""
    return _denies("Egress", item, world)


def _denies(direction: str, item: Item, world: World) -> bool:
    """Policies add up: one that lets everything through undoes every other of the namespace."""
    rules = [
        list(mappings(policy.spec.get(direction.lower())))
        for policy in world.all("NetworkPolicy", item.name)
        if _is_for_all(direction, policy)
    ]
    return [] in rules and not any(_lets_all_through(one) for given in rules for one in given)


def _is_for_all(direction: str, policy: Item) -> bool:
    spec = policy.spec
    types = names(spec.get("policyTypes")) or [
        "Ingress",
        *(["Egress"] if spec.get("egress") else []),
    ]
    return direction in types and selects_everything(mapping(spec.get("podSelector")))


def _lets_all_through(rule: Mapping[str, object]) -> bool:
    """No ports, and no peers or any address (networking.k8s.io/v1, NetworkPolicyIngressRule)."""
    if mappings(rule.get("ports")):
        return False
    peers = [*mappings(rule.get("from")), *mappings(rule.get("to"))]
    return not peers or any(_is_anybody(mapping(peer.get("ipBlock"))) for peer in peers)


def _is_anybody(block: Mapping[str, object]) -> bool:
    return text(block.get("cidr")).endswith("/0") and not block.get("except")
