"""Before a scan: which targets answer, what cannot be read there, and what reading needs.

Diagnosing reads everything that a scan would read and judges it, but records nothing: only so is
it known which missing permission turns which check to error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.app.collecting import collect_target
from auditor.app.project import Project
from auditor.app.queries import bound_queries
from auditor.app.registry import Collectors
from auditor.app.scan import Clock, ScanOptions, plan_run
from auditor.app.selection import Selection, make_policy
from auditor.catalog.library import Library
from auditor.catalog.source import did_you_mean
from auditor.collectors.interface import CollectionContext
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import Plan
from auditor.core.model.control import Control
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status
from auditor.core.model.target import Target
from auditor.errors import UsageError


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that could not be read.

    Args:
        action: Permission or operation, in the system's words; "" where there is none to name.
        detail: The first of the answers.
        findings: How many findings are in error because of it.
        checks: The checks concerned, `control/check`, sorted.
    """

    cause: Cause
    action: str
    detail: str
    hint: str
    findings: int
    checks: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "cause": self.cause.value,
            "action": self.action,
            "detail": self.detail,
            "hint": self.hint,
            "findings": self.findings,
            "checks": list(self.checks),
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One target.

    Args:
        identity: Who we are there; "" where it did not answer.
        problem: Why it did not answer.
        read: Resource types asked for; 0 where only the answer was tried.
        resources: Resources found.
        missing: What could not be read, the widest first.
    """

    target: Target
    identity: str
    problem: Gap | None
    read: int = 0
    resources: int = 0
    missing: tuple[Missing, ...] = ()

    @property
    def complete(self) -> bool:
        """Everything that was tried went well."""
        return self.problem is None and not self.missing

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "target": self.target.name,
            "kind": self.target.kind,
            "environment": self.target.environment,
            "identity": self.identity,
            "problem": self.problem.to_json() if self.problem else None,
            "types": self.read,
            "resources": self.resources,
            "missing": [item.to_json() for item in self.missing],
        }


def diagnose(
    project: Project, selection: Selection, clock: Clock, options: ScanOptions, *, quick: bool
) -> list[Diagnosis]:
    """Try every target of the selection.

    Args:
        quick: Only ask each target who we are there.

    Raises:
        UsageError, NothingEvaluatedError: The selection names or leaves nothing.
    """
    with ThreadPoolExecutor(options.workers) as executor:
        context = CollectionContext(
            clock=clock,
            executor=executor,
            allow_probes=options.allow_probes,
            timeout_s=options.timeout_s,
            progress=options.progress,
        )
        policy = make_policy(project, selection, context)
        plan = plan_run(policy, project.engine)
        context = replace(context, inventory=policy.inventory)
        found = [_answer(project.collectors, target, context) for target in policy.targets]
        if quick:
            return found
        return [_read(project, policy, plan, one, context) for one in found]


def permission_documents(
    library: Library,
    collectors: Collectors,
    name: str,
    *,
    frameworks: Sequence[str] = (),
    controls: Sequence[str] = (),
) -> Mapping[str, str]:
    """What the checks of a collector need, in each form that it knows.

    Raises:
        UsageError: No such collector, framework or control, or none of its checks is left.
    """
    collector = collectors.get(name)
    for kind, given, known in (
        ("framework", frameworks, library.frameworks),
        ("control", controls, library.controls),
    ):
        for one in given:
            if one not in known:
                raise UsageError(f"no {kind} `{one}`{did_you_mean(one, known)}")
    chosen = _chosen(library.sorted_controls(), frameworks, controls)
    types = {k.resource for c in chosen for k in c.checks if k.collector == name}
    if not types:
        raise UsageError(f"no selected check reads `{name}`", hint="auditor controls list")
    return collector.grants(sorted(types))


def _chosen(
    library: Iterable[Control], frameworks: Sequence[str], controls: Sequence[str]
) -> list[Control]:
    return [
        control
        for control in library
        if (not controls or control.id in controls)
        and (not frameworks or any(control.maps.get(name) for name in frameworks))
    ]


def _answer(collectors: Collectors, target: Target, context: CollectionContext) -> Diagnosis:
    answer = collectors.by_kind(target.kind).preflight(target, context)
    return Diagnosis(target, answer.identity, answer.gap)


def _read(
    project: Project, policy: Policy, plan: Plan, found: Diagnosis, context: CollectionContext
) -> Diagnosis:
    """The target read as a scan would read it, and what is in error then."""
    types = plan.requests().get(found.target.name, [])
    if found.problem is not None or not types:
        return found
    now = context.clock()
    queries = bound_queries(policy, found.target, types, now, project.engine)
    context = replace(context, queries=queries)
    stream = collect_target(project.collectors, found.target, types, context)
    observations = {(o.target, o.resource_type): o for o in stream}
    own = Plan(tuple(p for p in plan.checks if p.target == found.target), ())
    # What a query was asked with hangs on the moment: then it is the one that is judged at.
    moment = now if queries else _latest(observations)
    judged = evaluate(policy, own, observations, moment, project.engine)
    errors = [finding for finding in judged.findings if finding.status is Status.ERROR]
    return Diagnosis(
        found.target,
        found.identity,
        None,
        read=len(types),
        resources=sum(len(o.resources) for o in observations.values()),
        missing=tuple(_group(errors)),
    )


def _latest(observations: Mapping[tuple[str, str], Observation]) -> datetime:
    """The moment after everything was read: no evidence is from the future then."""
    return max(observation.read_at for observation in observations.values())


def _group(errors: Sequence[Finding]) -> list[Missing]:
    """Findings in error by what was missing; those without an action by their reason's class."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in errors:
        cause = finding.cause or Cause.INTERNAL
        groups.setdefault((cause.value, finding.action), []).append(finding)
    missing = [
        Missing(
            cause=found[0].cause or Cause.INTERNAL,
            action=action,
            detail=found[0].reason,
            hint=found[0].hint,
            findings=len(found),
            checks=tuple(sorted({f"{f.control}/{f.check}" for f in found})),
        )
        for (_cause, action), found in groups.items()
    ]
    return sorted(missing, key=lambda item: (-len(item.checks), item.action, item.cause.value))
