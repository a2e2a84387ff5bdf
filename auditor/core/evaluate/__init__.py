"""Judgement: a policy and observations in, findings out. Pure; the moment is an argument.

The same policy, observations and `now` give the same findings, byte for byte, on any machine:
nothing here reads a clock, a file or the network, and everything is sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.core.evaluate.check import CheckResult, judge_check
from auditor.core.evaluate.compiled import RESOURCE_VARIABLES, CompiledCheck, compile_check
from auditor.core.evaluate.judge import Frame
from auditor.core.evaluate.plan import NotTested, Plan, PlannedCheck
from auditor.core.evaluate.waivers import apply_waivers
from auditor.core.expression.interface import Engine, Expression
from auditor.core.model.control import Check, Control
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status, worst_severity

ObservationKey = tuple[str, str]  # target name, resource type


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings of a run, in order, and the planned checks that got none."""

    findings: tuple[Finding, ...]
    not_tested: tuple[NotTested, ...]


def evaluate(
    policy: Policy,
    plan: Plan,
    observations: Mapping[ObservationKey, Observation],
    now: datetime,
    engine: Engine,
) -> Judgement:
    """Judge every planned check.

    Args:
        observations: By target name and resource type; one that is missing is an error.
        now: The start of the run, taken once.
    """
    findings: list[Finding] = []
    for control in policy.controls:
        planned = [item for item in plan.checks if item.control.id == control.id]
        findings += _judge_control(policy, control, planned, observations, now, engine)
    unique = _merge_same([*findings, *_without_finding(plan, findings)])
    return Judgement(tuple(sorted(unique, key=lambda f: f.order)), plan.not_tested)


def _judge_control(
    policy: Policy,
    control: Control,
    planned: list[PlannedCheck],
    observations: Mapping[ObservationKey, Observation],
    now: datetime,
    engine: Engine,
) -> list[Finding]:
    """Judge a control's checks in the order of their dependencies."""
    results: dict[tuple[str, str], CheckResult] = {}
    for check in in_dependency_order(control):
        targets = [item.target for item in planned if item.check.id == check.id]
        if not targets:
            continue
        compiled = compile_check(engine, check)
        waivers = [w for w in policy.waivers if w.waiver.check == f"{control.id}/{check.id}"]
        matches = {
            signed.waiver.id: engine.compile(signed.waiver.match, RESOURCE_VARIABLES)
            for signed in waivers
        }
        for target in targets:
            frame = Frame(
                control.id,
                compiled,
                target,
                engine,
                {
                    "param": policy.parameters(target.environment, control),
                    "now": now,
                    "target": target.as_variable(),
                    "inventory": dict(policy.inventory),
                    "facts": {},
                },
            )
            results[check.id, target.name] = judge_check(
                frame,
                observations.get((target.name, check.resource)),
                policy.resource_types[check.resource],
                now,
                _depended_on(check, target.name, results),
                matches,
            )
        judged = [item for t in targets for item in results[check.id, t.name].judged]
        apply_waivers(judged, waivers, policy, control, now)
    return [finding for result in results.values() for finding in result.findings]


def in_dependency_order(control: Control) -> list[Check]:
    """The checks so that each comes after those it depends on; the order of the file otherwise."""
    done: dict[str, Check] = {}

    def visit(check: Check) -> None:
        if check.id not in done:
            for other in check.population.depends_on:
                visit(control.check(other))
            done[check.id] = check

    for check in control.checks:
        visit(check)
    return list(done.values())


def _depended_on(
    check: Check, target: str, results: Mapping[tuple[str, str], CheckResult]
) -> list[Finding]:
    """Findings on the same target, or on every target where it was not judged on this one."""
    found: list[Finding] = []
    for other in check.population.depends_on:
        same = results.get((other, target))
        chosen = [same] if same else [r for (c, _), r in results.items() if c == other]
        found += [finding for result in chosen for finding in result.findings]
    return found


_RANK = {
    status: rank
    for rank, status in enumerate(
        (
            Status.FAIL,
            Status.ERROR,
            Status.MANUAL,
            Status.WAIVED,
            Status.PASS,
            Status.NOT_APPLICABLE,
        )
    )
}


def _merge_same(findings: list[Finding]) -> list[Finding]:
    """One finding for each fingerprint: the worst, with the reasons of all."""
    by_fingerprint: dict[str, list[Finding]] = {}
    for finding in findings:
        by_fingerprint.setdefault(finding.fingerprint, []).append(finding)
    merged = []
    for same in by_fingerprint.values():
        # Of several errors the one that names a missing permission is the one to act on.
        worst = min(same, key=lambda f: (_RANK[f.status], not f.action, f.reason))
        reasons = [f.reason for f in same if f.reason and f is not worst]
        if reasons:
            worst = replace(worst, reason="; ".join([worst.reason, *sorted(set(reasons))]))
        merged.append(worst)
    return merged


def _without_finding(plan: Plan, findings: list[Finding]) -> list[Finding]:
    """Planned checks that gave nothing: there should be none, and one that is there is an error."""
    got = {(f.control, f.check, f.target) for f in findings}
    return [
        Finding(
            control=p.control.id,
            check=p.check.id,
            target=p.target.name,
            environment=p.target.environment,
            resource_type=p.check.resource,
            key="",
            status=Status.ERROR,
            severity=worst_severity(assertion.severity for assertion in p.check.assert_),
            cause=Cause.INTERNAL,
            reason="judging gave no finding",
        )
        for p in plan.checks
        if (p.control.id, p.check.id, p.target.name) not in got
    ]


__all__ = ["CompiledCheck", "Expression", "Judgement", "evaluate", "in_dependency_order"]
