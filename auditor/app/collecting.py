"""Reading the targets of a plan: every resource type once, every failure an observation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from auditor.app.boundary import guarded
from auditor.app.registry import Collectors
from auditor.collectors.interface import CollectionContext, Collector
from auditor.core.model.observation import Gap, Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import AuditorError

_DEFECT = "this is a defect of the collector: report it"


def collect_target(
    collectors: Collectors, target: Target, types: Sequence[str], context: CollectionContext
) -> Iterator[Observation]:
    """Exactly one observation for each type, whatever happens inside the collector."""
    collector = collectors.by_kind(target.kind)
    allowed = _without_probes(collector, types, context)
    started = context.clock()
    for name in types:
        if name not in allowed:
            yield _gap_observation(target, name, started, context.clock(), _probe_gap(name))
    missing = set(allowed)
    try:
        for observation in _guarded(collector, target, allowed, context):
            name = observation.resource_type
            if name not in allowed:  # nothing of the plan judges it: said, and left out
                context.progress(f"{target.name}: got {name!r} unasked from {collector.name}")
                continue
            if name not in missing:
                yield _answered_twice(observation)
                continue
            missing.discard(name)
            yield replace(observation, collector=observation.collector or collector.name)
        problem = "the collector gave no answer for it"
    except AuditorError as error:
        problem = error.message
    for name in sorted(missing):
        gap = Gap(Cause.INTERNAL, problem, hint=_DEFECT)
        yield _gap_observation(target, name, started, context.clock(), gap)


def _answered_twice(observation: Observation) -> Observation:
    """The later answer is the one that is judged; which of the two is right, nobody knows."""
    gap = Gap(Cause.INTERNAL, "the collector answered twice for it", hint=_DEFECT)
    return replace(observation, gaps=(*observation.gaps, gap))


def _guarded(
    collector: Collector, target: Target, types: Sequence[str], context: CollectionContext
) -> Iterator[Observation]:
    """The collector's observations; what it raises comes out as an AuditorError."""
    if not types:
        return
    # The call itself may raise: not every collector is a generator.
    stream = guarded(lambda: iter(collector.collect(target, types, context)))
    while True:
        observation = guarded(lambda: next(stream, None))
        if observation is None:
            return
        yield observation


def _without_probes(
    collector: Collector, types: Sequence[str], context: CollectionContext
) -> list[str]:
    """The types that may be read: active ones only where probes are allowed."""
    known = collector.resource_types()
    return [name for name in types if context.allow_probes or not known[name].active]


def _probe_gap(name: str) -> Gap:
    return Gap(
        Cause.PROBE_NOT_ALLOWED,
        f"reading {name} sends active probes, and they were not allowed",
        hint="auditor scan --allow-probes",
    )


def _gap_observation(
    target: Target, name: str, started: datetime, ended: datetime, gap: Gap
) -> Observation:
    return Observation(
        target=target.name,
        environment=target.environment,
        resource_type=name,
        identity="",
        started_at=started,
        read_at=ended,
        as_of=started,
        gaps=(gap,),
    )
