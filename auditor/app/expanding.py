"""Targets that stand for many: an organization becomes its accounts before anything is planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.app.boundary import guarded
from auditor.app.registry import Collectors
from auditor.collectors.interface import CollectionContext, Expander
from auditor.core.model.target import Target


@dataclass(frozen=True, slots=True)
class Expanded:
    """What is read.

    Args:
        targets: Targets of kinds that collectors read.
        inventory: What was found and is not read, by name of the list.
    """

    targets: tuple[Target, ...]
    inventory: dict[str, list[str]]


def expand_targets(
    collectors: Collectors, targets: Iterable[Target], context: CollectionContext | None
) -> Expanded:
    """Every target, or what it stands for.

    Args:
        context: To ask with; None asks nothing: one target then stands in place of the many.
    """
    targets = tuple(targets)
    expanders = collectors.expanders({target.kind for target in targets})
    found: list[Target] = []
    inventory: dict[str, list[str]] = {}
    for target in targets:
        expander = expanders.get(target.kind)
        if expander is None:
            found.append(target)
        elif context is None:
            found.append(expander.unexpanded(target))
        else:
            one = _ask(expander, target, context)
            found += one.targets
            for name, members in one.inventory.items():
                inventory.setdefault(name, []).extend(members)
    return Expanded(tuple(found), inventory)


def _ask(expander: Expander, target: Target, context: CollectionContext) -> Expanded:
    context.progress(f"{target.name}: finding out what it stands for")
    one = guarded(lambda: expander.expand(target, context))
    targets = tuple(replace(t, settings=dict(t.settings)) for t in one.targets)
    left = sum(len(members) for members in one.inventory.values())
    also = f", {left} not read" if left else ""
    context.progress(f"{target.name}: {len(targets)} targets{also}")
    return Expanded(targets, {name: list(members) for name, members in one.inventory.items()})
