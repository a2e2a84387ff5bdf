"""Why a finding is what it is: the terms that decided, their values, the evidence behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from auditor.app.assess import Recorded
from auditor.app.engine import make_engine
from auditor.app.runs import engine_name
from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.evaluate.view import View, facts_view, view
from auditor.core.expression.explain import explain
from auditor.core.expression.interface import Engine
from auditor.core.expression.masking import Masking
from auditor.core.expression.trace import Trace
from auditor.core.model.assessment import Assessment
from auditor.core.model.control import Check, Control
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.waiver import SignedWaiver
from auditor.core.times import format_duration, format_instant
from auditor.errors import UsageError

_MIN_PREFIX = 6
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """One expression of the check and what decided it.

    Args:
        id: Of the assertion; `when` for the condition of the check.
        unread: Fields that it reads and that could not be read, with the reason.
    """

    id: str
    expr: str
    truth: str
    detail: str
    trace: Trace | None = None
    unread: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "id": self.id,
            "expr": self.expr,
            "truth": self.truth,
            "detail": self.detail,
            "trace": self.trace.to_json() if self.trace else None,
            "unread": list(self.unread),
        }


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that is known about a finding.

    Args:
        evidence: Digest of the evidence document; "" where nothing was read.
        resource: What was read, None for a finding about the whole population.
        freshness: How old the evidence was, and may be.
        waiver: The waiver that covers it or was refused.
        personal: Fields of the resource that are about a person; reports do not show them.
    """

    finding: Finding
    control: Control
    check: Check
    reasoning: tuple[Reasoning, ...]
    evidence: str
    resource: Resource | None
    freshness: str
    waiver: SignedWaiver | None
    personal: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The finding with its reasoning, for machines."""
        return self.finding.to_json() | {
            "observation": self.evidence,
            "reasoning": [item.to_json() for item in self.reasoning],
            "freshness": self.freshness,
            "evidence": self.resource.to_json() if self.resource else None,
            "personal": list(self.personal),
        }


def find_finding(assessment: Assessment, name: str) -> Finding:
    """The finding of an id, or of the beginning of a fingerprint.

    Raises:
        UsageError: None, or several.
    """
    exact = [finding for finding in assessment.findings if finding.id == name]
    near = [f for f in assessment.findings if f.fingerprint.startswith(name)]
    found = exact or (near if len(name) >= _MIN_PREFIX else [])
    if len(found) != 1:
        problem = f"{len(found)} findings match {name!r}" if found else f"no finding {name!r}"
        raise UsageError(problem, hint="auditor report --format json lists them all")
    return found[0]


def why(record: Recorded, assessment: Assessment, finding: Finding) -> Why:
    """The reasoning behind a finding, made again from the recorded evidence."""
    policy = record.policy
    control = next(c for c in policy.controls if c.id == finding.control)
    check = control.check(finding.check)
    observation = record.evidence.get((finding.target, finding.resource_type))
    resource = _resource(observation, finding)
    reasoning: tuple[Reasoning, ...] = ()
    if observation is not None and resource is not None:
        reasoning = _reasoning(record, assessment, finding, observation, resource)
    return Why(
        finding=finding,
        control=control,
        check=check,
        reasoning=reasoning,
        evidence=assessment.observation_of(finding),
        resource=resource,
        freshness=_freshness(assessment, observation, check),
        waiver=next((w for w in policy.waivers if w.waiver.id == finding.waiver), None),
        personal=policy.resource_types[finding.resource_type].personal,
    )


def _resource(observation: Observation | None, finding: Finding) -> Resource | None:
    if observation is None or not finding.pointer:
        return None
    return observation.resources[int(finding.pointer.rpartition("/")[2])]


def _freshness(assessment: Assessment, observation: Observation | None, check: Check) -> str:
    if observation is None:
        return "nothing was read"
    age = max(assessment.now - observation.as_of, timedelta(0))
    minutes = format_duration(age - age % _MINUTE)
    limit = format_duration(check.freshness)
    return f"of {format_instant(observation.as_of)}, {minutes} old; the check allows {limit}"


def _reasoning(
    record: Recorded,
    assessment: Assessment,
    finding: Finding,
    observation: Observation,
    resource: Resource,
) -> tuple[Reasoning, ...]:
    policy = record.policy
    control = next(c for c in policy.controls if c.id == finding.control)
    check = control.check(finding.check)
    kind = policy.resource_types[finding.resource_type]
    target = next(t for t in policy.targets if t.name == finding.target)
    seen = view(resource, kind.fields)
    shown = Masking(kind.personal_paths, reveal=True)
    variables: Mapping[str, object] = {
        "resource": dict(seen.fields),
        "param": policy.parameters(target.environment, control),
        "now": assessment.now,
        "target": target.as_variable(),
        "inventory": dict(policy.inventory),
        "facts": facts_view(observation.facts, kind.facts),
    }
    engine = make_engine(engine_name(policy))
    results = {result.id: result for result in finding.assertions}
    made = []
    if check.when is not None:
        made.append(_one(engine, "when", check.when, "", "", variables, seen, shown))
    for assertion in check.assert_:
        result = results.get(assertion.id)
        if result is not None:
            made.append(
                _one(
                    engine,
                    assertion.id,
                    assertion.expr,
                    result.truth,
                    result.detail,
                    variables,
                    seen,
                    shown,
                )
            )
    return tuple(made)


def _one(
    engine: Engine,
    name: str,
    expr: str,
    truth: str,
    detail: str,
    variables: Mapping[str, object],
    seen: View,
    shown: Masking,
) -> Reasoning:
    expression = engine.compile(expr, RESOURCE_VARIABLES)
    unread = tuple(
        f"{path}: {gap.detail}"
        for path, gap in sorted(seen.unread.items())
        if any(r.overlaps(("resource", *path.split("."))) for r in expression.references)
    )
    trace = explain(expression, variables, masking=shown)
    return Reasoning(name, expr.strip(), truth or trace.outcome, detail, trace, unread)
