"""Shipped controls over a real server: collected as a scan does it, then judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

from auditor.app.collecting import collect_target
from auditor.app.engine import make_engine
from auditor.app.queries import bound_queries
from auditor.app.registry import Collectors
from auditor.catalog.library import Library, load_library
from auditor.collectors.interface import CollectionContext
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.control import Control, query_types
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.target import Target
from auditor.shipped import shipped

Parameters = Mapping[str, Mapping[str, object]]
Found = dict[tuple[str, str], Observation]


@cache
def library() -> Library:
    return load_library([shipped("controls")])


@cache
def collectors() -> Collectors:
    return Collectors()


def shipped_controls(domain: str, prefix: str = "") -> tuple[Control, ...]:
    """The controls of one folder."""
    chosen = [
        loaded.control
        for loaded in library().controls.values()
        if loaded.folder.parent.name == domain and loaded.control.id.startswith(prefix)
    ]
    return tuple(sorted(chosen, key=lambda control: control.id))


def policy_of(
    controls: Sequence[Control],
    targets: Sequence[Target],
    parameters: Parameters,
    inventory: Mapping[str, object],
) -> Policy:
    types = {check.resource for control in controls for check in control.checks}
    return Policy(
        controls=tuple(controls),
        frameworks=(),
        targets=tuple(targets),
        environments=("prod",),
        resource_types=collectors().resource_types(types) | query_types(controls),
        overrides={"prod": parameters},
        kinds=collectors().kinds(),
        inventory=inventory,
    )


def scan(
    controls: Sequence[Control],
    targets: Sequence[Target],
    *,
    parameters: Parameters | None = None,
    inventory: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> tuple[list[Finding], Found]:
    """Findings and evidence of one run."""
    moment = now or datetime.now(UTC)
    engine = make_engine()
    policy = policy_of(controls, targets, parameters or {}, inventory or {})
    plan = make_plan(policy, engine)
    found: Found = {}
    with ThreadPoolExecutor(2) as executor:
        for target in targets:
            types = plan.requests().get(target.name, [])
            context = CollectionContext(
                clock=lambda: datetime.now(UTC),
                executor=executor,
                timeout_s=10.0,
                queries=bound_queries(policy, target, types, moment, engine),
            )
            for one in collect_target(collectors(), target, types, context):
                found[target.name, one.resource_type] = one
    return list(evaluate(policy, plan, found, moment, engine).findings), found


def shown(findings: Sequence[Finding], *statuses: str) -> list[tuple[str, str, str, str]]:
    """Check, key, status and what it says, of the findings with one of these statuses."""
    return [
        (one.check, one.key, one.status.value, told(one))
        for one in findings
        if one.status.value in statuses
    ]


def told(finding: Finding) -> str:
    """The ids of false assertions, or the reason where there are none."""
    false = [result.id for result in finding.assertions if result.truth == "false"]
    return ", ".join(false) or finding.reason
