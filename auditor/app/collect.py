"""One resource type, read and printed: a collector on its own, without controls or records."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from auditor.app.collecting import collect_target
from auditor.app.evidence.redaction import cleaned
from auditor.app.project import open_project
from auditor.app.registry import Collectors
from auditor.app.scan import Clock, ScanOptions
from auditor.app.setup import CANDIDATES
from auditor.catalog.source import did_you_mean
from auditor.collectors.interface import CollectionContext
from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.evaluate.view import facts_view, view
from auditor.core.expression.interface import Engine, Expression, UndecidedError
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import UsageError

_AD_HOC = "ad-hoc"


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read of one target.

    Args:
        observation: With only the resources that were wanted.
        undecided: Resources of which it cannot be told whether they are wanted; they are kept.
    """

    observation: Observation
    undecided: int

    @property
    def complete(self) -> bool:
        """Nothing was left unread."""
        unread = any(resource.unread for resource in self.observation.resources)
        return self.observation.complete and not unread and not self.undecided


def find_targets(config: Path, collectors: Collectors, type_name: str, names: tuple[str, ...]) -> (
    tuple[Target, ...]
):  # fmt: skip
    """The targets that have this type: those of auditor.yaml, else what is at hand here.

    Raises:
        UsageError: No such type or target, or none without an auditor.yaml.
    """
    kind = _known(collectors, type_name)
    collector = collectors.get(kind.collector)
    if config.is_file():
        targets = open_project(config).targets
        chosen = tuple(
            t
            for t in targets
            if t.kind in collector.target_kinds and (not names or t.name in names)
        )
        if not chosen:
            raise UsageError(
                f"no target of kind {' or '.join(collector.target_kinds)} in {config}",
                hint="add one under `targets`; auditor init in another folder shows the form",
            )
        return chosen
    if collector.name not in CANDIDATES:
        raise UsageError(
            f"there is no {config}, and {type_name} cannot be read without an address",
            hint="auditor init",
        )
    settings = CANDIDATES[collector.name]
    return (Target(_AD_HOC, next(iter(collector.target_kinds)), _AD_HOC, {}, settings),)


def collect(
    targets: tuple[Target, ...],
    collectors: Collectors,
    type_name: str,
    where: str | None,
    engine: Engine,
    clock: Clock,
    options: ScanOptions,
) -> Iterator[Collected]:
    """Read the type from each target.

    Args:
        where: CEL over `resource`, `facts`, `target` and `now`; only what is true is given.

    Raises:
        ExpressionError: `where` does not compile.
    """
    kind = _known(collectors, type_name)
    wanted = engine.compile(where, RESOURCE_VARIABLES) if where else None
    with ThreadPoolExecutor(options.workers) as executor:
        context = CollectionContext(
            clock=clock,
            executor=executor,
            allow_probes=options.allow_probes,
            timeout_s=options.timeout_s,
            progress=options.progress,
        )
        for target in targets:
            for found in collect_target(collectors, target, [type_name], context):
                observation = cleaned(found, kind)
                if wanted is None:
                    yield Collected(observation, 0)
                else:
                    yield _filtered(observation, kind, target, wanted, engine, clock())


def _known(collectors: Collectors, name: str) -> ResourceType:
    types = collectors.resource_types()
    if name not in types:
        raise UsageError(
            f"no resource type `{name}`{did_you_mean(name, types)}", hint="auditor collect --list"
        )
    return types[name]


def _filtered(
    observation: Observation,
    kind: ResourceType,
    target: Target,
    wanted: Expression,
    engine: Engine,
    now: datetime,
) -> Collected:
    """Resources for which the expression is true, and those for which nobody can tell."""
    facts = facts_view(observation.facts, kind.facts)
    kept: list[Resource] = []
    undecided = 0
    for resource in observation.resources:
        seen = view(resource, kind.fields)
        variables = {
            "resource": seen.fields,
            "param": {},
            "now": now,
            "target": target.as_variable(),
            "facts": facts,
            "inventory": {},
        }
        try:
            seen.require_readable(wanted)
            if wanted.truth(engine.bind(variables, RESOURCE_VARIABLES)).value:
                kept.append(resource)
        except UndecidedError as error:
            undecided += 1
            gap = Gap(Cause.TYPE_ERROR, f"--where cannot be decided: {error}")
            kept.append(replace(resource, unread={**resource.unread, "--where": gap}))
    return Collected(replace(observation, resources=tuple(kept)), undecided)
