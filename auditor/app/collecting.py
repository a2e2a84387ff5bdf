"""Reading the targets of a plan: every resource type once, every failure an observation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

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
    refused = _refused(collector, types, context)
    allowed = [name for name in types if name not in refused]
    started = context.clock()
    for name, gap in refused.items():
        yield _gap_observation(target, name, started, context.clock(), gap)
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
            held = [replace(observation, collector=observation.collector or collector.name)]
            del observation  # who gets it may let go of it before the next one is asked for
            yield held.pop()
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
    while held := guarded(lambda: list(islice(stream, 1))):
        yield held.pop()


def _refused(
    collector: Collector, types: Sequence[str], context: CollectionContext
) -> dict[str, Gap]:
    """The types that are not read, and why: probes that are not allowed, queries without values."""
    known = collector.resource_types()
    refused: dict[str, Gap] = {}
    for name in types:
        query = context.queries.get(name)
        if query is not None and query.problem:
            refused[name] = Gap(Cause.EXPRESSION, query.problem, hint="mend `bind` of the query")
        elif query is None and known[name].active and not context.allow_probes:
            refused[name] = _probe_gap(name)
    return refused


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
