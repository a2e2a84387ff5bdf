"""The shipped controls over what was collected: the verdicts that a scan would give."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from auditor.app.engine import make_engine
from auditor.app.registry import Collectors
from auditor.catalog.library import Library, load_library
from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import Plan, PlannedCheck
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.shipped import shipped
from tests.services.aws.reading import target_at


@cache  # read once: the library is part of the program
def _library() -> Library:
    return load_library([shipped("controls")])


def judged(
    control_id: str,
    observations: Mapping[str, Observation],
    inventory: Mapping[str, object] | None = None,
) -> dict[str, dict[str, Finding]]:
    """Check to key to finding, of the checks whose resource types were collected."""
    control = _library().controls[control_id].control
    target = target_at("")
    checks = [check for check in control.checks if check.resource in observations]
    policy = Policy(
        controls=(control,),
        frameworks=(),
        targets=(target,),
        environments=(target.environment,),
        resource_types=Collectors().resource_types(),
        inventory=inventory or {},
    )
    found = evaluate(
        policy,
        Plan(tuple(PlannedCheck(control, check, target) for check in checks), ()),
        {(target.name, name): observation for name, observation in observations.items()},
        min(observation.started_at for observation in observations.values()),
        make_engine(),
    )
    verdicts: dict[str, dict[str, Finding]] = {check.id: {} for check in checks}
    for finding in found.findings:
        verdicts[finding.check][finding.key] = finding
    return verdicts
