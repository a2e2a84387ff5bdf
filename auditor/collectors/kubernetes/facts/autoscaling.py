"""Autoscalers (autoscaling/v2) and disruption budgets (policy/v1)."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.collectors.kubernetes.facts.conditions import condition
from auditor.collectors.kubernetes.facts.labels import selects
from auditor.collectors.kubernetes.facts.podspec import template
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

_DEFAULT_TARGET = 80  # percent, where `metrics` is left out (autoscaling/v2)


def cpu_target(value: object, _item: Item, _world: World) -> object:
    """The highest average utilisation of the processor that it aims at, null where none."""
    if value is None:
        return _DEFAULT_TARGET
    found = [target for metric in mappings(value) for target in _utilization(metric)]
    return max(found, default=None)


def _utilization(metric: object) -> Iterator[int]:
    for name in ("resource", "containerResource"):
        source = mapping(mapping(metric).get(name))
        target = mapping(source.get("target")).get("averageUtilization")
        if source.get("name") == "cpu" and isinstance(target, int):
            yield target


def scaling_active(_value: object, item: Item, _world: World) -> bool:
    """It can compute a number of replicas (condition ScalingActive)."""
    return mapping(condition(item, "ScalingActive")).get("status") == "True"


def at_max_since(_value: object, item: Item, _world: World) -> object:
    """Since when it is held back by its maximum, null where it is not."""
    limited = mapping(condition(item, "ScalingLimited"))
    if (limited.get("status"), limited.get("reason")) != ("True", "TooManyReplicas"):
        return None
    return limited.get("lastTransitionTime")


def most_replicas(_value: object, item: Item, world: World) -> object:
    """The most replicas that there can be: the autoscaler's maximum, else its own number.

    Raises:
        UnreadError: Autoscalers could not be read, or it is a daemon set in a manifest.
    """
    if item.kind == "DaemonSet":
        world.need_live("how many nodes a daemon set runs on")
        return item.status.get("desiredNumberScheduled")
    scalers = world.find("HorizontalPodAutoscaler", _scaled, (item.kind, item.name), item.namespace)
    if scalers:
        return max(int(str(scaler.spec.get("maxReplicas"))) for scaler in scalers)
    replicas = item.spec.get("replicas")
    return 1 if replicas is None else replicas  # the server sets 1


def _scaled(scaler: Item) -> tuple[tuple[str, str], ...]:
    target = mapping(scaler.spec.get("scaleTargetRef"))
    return ((text(target.get("kind")), text(target.get("name"))),)


def budgets(_value: object, item: Item, world: World) -> list[str]:
    """Names of the disruption budgets that select a workload's pods."""
    return sorted(budget.name for budget in _budgets(item, world))


def blocking_budgets(_value: object, item: Item, world: World) -> list[str]:
    """Those of them that allow no disruption at this moment.

    Raises:
        ValueError: A budget has no status yet.
    """
    return sorted(one.name for one in _budgets(item, world) if _allowed(one) == 0)


def _allowed(budget: Item) -> object:
    allowed = budget.status.get("disruptionsAllowed")
    if allowed is None:
        raise ValueError(f"the budget {budget.name!r} has no status yet")
    return allowed


def _budgets(item: Item, world: World) -> Iterator[Item]:
    labels = mapping(mapping(template(item).get("metadata")).get("labels"))
    namespace = item.namespace
    known = world.once(("budgets", namespace), lambda: world.all("PodDisruptionBudget", namespace))
    for budget in known:
        selector = budget.spec.get("selector")  # null selects nothing, {} everything (policy/v1)
        if selector is not None and selects(mapping(selector), labels):
            yield budget
