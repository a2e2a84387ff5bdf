"""Network policies: what holds for all pods of a namespace (networking.k8s.io/v1).

A policy that selects all pods and lists no rule for a direction denies it by default; rules of
other policies add to that. A policy without `policyTypes` is one for Ingress, and for Egress only
where it has egress rules. Policies of other APIs (Cilium, Calico, AdminNetworkPolicy) are not seen.
"""

from __future__ import annotations

from auditor.collectors.kubernetes.facts.labels import selects_everything
from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings


def default_deny_ingress(_value: object, item: Item, world: World) -> bool:
    """Whether a policy of the namespace denies what comes in, for all pods."""
    return _denies("Ingress", item, world)


def default_deny_egress(_value: object, item: Item, world: World) -> bool:
    """Whether a policy of the namespace denies what goes out, for all pods."""
    return _denies("Egress", item, world)


def _denies(direction: str, item: Item, world: World) -> bool:
    policies = world.all("NetworkPolicy", item.name)
    return any(_denies_all(direction, policy) for policy in policies)


def _denies_all(direction: str, policy: Item) -> bool:
    spec = policy.spec
    rules = mappings(spec.get(direction.lower()))
    types = names(spec.get("policyTypes")) or [
        "Ingress",
        *(["Egress"] if spec.get("egress") else []),
    ]
    return direction in types and not rules and selects_everything(mapping(spec.get("podSelector")))
