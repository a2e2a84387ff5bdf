"""Namespaces: which admission policies refuse pods there, and which environments are in them.

Policies: admissionregistration.k8s.io/v1, ValidatingAdmissionPolicy and its bindings. What a policy
demands is not judged here: whoever trusts one names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.kubernetes.facts.labels import selects, selects_everything
from auditor.collectors.kubernetes.facts.podspec import names, template
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_NAME = "kubernetes.io/metadata.name"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


def admission_policies(_value: object, item: Item, world: World) -> list[str]:
    """Names of policies that refuse (action Deny) pods in the namespace which break them.

    Raises:
        UnreadError: Policies or bindings could not be read.
    """
    labels = {**mapping(item.metadata.get("labels")), _NAME: item.name}  # the server sets that one
    policies = {policy.name: policy for policy in world.all(_POLICY)}
    bound = {
        text(binding.spec.get("policyName"))
        for binding in world.all(_BINDING)
        if "Deny" in names(binding.spec.get("validationActions"))
        and _covers(mapping(binding.spec.get("matchResources")), labels, any_resource=True)
    }
    return sorted(name for name in bound & policies.keys() if _refuses(policies[name], labels))


def _refuses(policy: Item, labels: Mapping[str, object]) -> bool:
    """A policy that fails open (failurePolicy Ignore) refuses nothing for sure."""
    if policy.spec.get("failurePolicy") == "Ignore":
        return False
    return _covers(mapping(policy.spec.get("matchConstraints")), labels, any_resource=False)


def _covers(
    match: Mapping[str, object], labels: Mapping[str, object], *, any_resource: bool
) -> bool:
    """Whether the rules hold for every pod that is made in a namespace with these labels."""
    if match.get("excludeResourceRules"):
        return False
    if not selects_everything(mapping(match.get("objectSelector"))):
        return False
    if not selects(mapping(match.get("namespaceSelector")), labels):
        return False
    rules = mappings(match.get("resourceRules"))
    return (any_resource and not rules) or any(_is_about_pods(rule) for rule in rules)


def _is_about_pods(rule: Mapping[str, object]) -> bool:
    wanted = (
        ("apiGroups", ""),
        ("apiVersions", "v1"),
        ("resources", "pods"),
        ("operations", "CREATE"),
    )
    if rule.get("resourceNames") or rule.get("scope") == "Cluster":
        return False
    return all({"*", value} & set(names(rule.get(part))) for part, value in wanted)


def workload_environments(_value: object, item: Item, world: World) -> list[str]:
    """Values of the label `environment` of the workloads in the namespace, and of their pods.

    Raises:
        UnreadError: A kind of workload could not be read there.
    """
    found = (
        text(labels.get("environment"))
        for kind in _WORKLOADS
        for workload in world.all(kind, item.name)
        for labels in _labels(workload)
    )
    return sorted({value for value in found if value})


def _labels(workload: Item) -> Iterator[Mapping[str, object]]:
    yield mapping(workload.metadata.get("labels"))
    yield mapping(mapping(template(workload).get("metadata")).get("labels"))
