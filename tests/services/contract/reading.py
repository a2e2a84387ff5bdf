"""Reading in the contract suite: a clock that nobody else has, threads, a budget."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import (
    CollectionContext,
    Collector,
    Earlier,
    Preflight,
    nothing_earlier,
)
from auditor.core.model.observation import Observation
from auditor.core.model.target import Target
from tests.services.contract.world import World

_AHEAD = timedelta(hours=1)
_NOBODY = 65534


@dataclass(slots=True)
class Clock:
    """An hour ahead of the machine's: a time that comes from elsewhere is seen."""

    first: datetime = field(default_factory=lambda: datetime.now(UTC) + _AHEAD)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + _AHEAD


@dataclass(frozen=True, slots=True)
class Read:
    """Everything that a collection gave, in the order in which it came."""

    observations: Sequence[Observation]
    began: datetime
    ended: datetime
    requests: int

    def of(self, name: str) -> Observation:
        """The observation of a type."""
        (found,) = [one for one in self.observations if one.resource_type == name]
        return found


def collect(
    collector: Collector,
    world: World,
    types: Sequence[str] = (),
    target: Target | None = None,
    *,
    project: bool = True,
    max_calls: int | None = None,
    timeout_s: float = 20.0,
    earlier: Earlier = nothing_earlier,
) -> Read:
    """Read types, or all of them, from the world's target or another one."""
    clock = Clock()
    names = list(types) or list(collector.resource_types())
    with ThreadPoolExecutor(8) as executor:
        context = CollectionContext(
            clock=clock,
            executor=executor,
            inventory=world.inventory,
            allow_probes=True,
            timeout_s=timeout_s,
            budget=CallBudget(max_calls),
            records=world.records if project else None,
            earlier=earlier,
        )
        found = tuple(collector.collect(target or world.target, names, context))
        return Read(found, clock.first, clock(), context.budget.made)


def preflight(
    collector: Collector,
    world: World,
    target: Target | None = None,
    *,
    project: bool = True,
    timeout_s: float = 20.0,
) -> Preflight:
    """Who we are there."""
    with ThreadPoolExecutor(1) as executor:
        context = CollectionContext(
            clock=Clock(),
            executor=executor,
            timeout_s=timeout_s,
            records=world.records if project else None,
        )
        return collector.preflight(target or world.target, context)


@contextmanager
def shut(folder: Path) -> Iterator[None]:
    """A folder that cannot be opened; the super-user becomes one who is bound by modes."""
    was_root = os.geteuid() == 0
    mode = folder.stat().st_mode
    folder.chmod(0)
    if was_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
        folder.chmod(mode)
