"""One finding for people: verdict, assertions, and the evidence behind it."""

from __future__ import annotations

import json

from auditor.app.assess import Recorded
from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.errors import UsageError
from auditor.render.escape import visible

_MIN_PREFIX = 6


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


def finding_text(record: Recorded, assessment: Assessment, finding: Finding) -> str:
    """Everything that is known about a finding."""
    control = next(c for c in record.policy.controls if c.id == finding.control)
    check = control.check(finding.check)
    lines = [
        f"{finding.status.value.upper()}  {finding.severity.value}  {finding.id}",
        f"fingerprint  {finding.fingerprint}",
        f"control      {control.title}",
        f"check        {check.title}",
    ]
    if finding.reason:
        lines.append(f"reason       {finding.reason}")
    if finding.action:
        lines.append(f"missing      {finding.action}")
    if finding.hint:
        lines.append(f"next         {finding.hint}")
    sources = {assertion.id: assertion.expr.strip() for assertion in check.assert_}
    for result in finding.assertions:
        lines.append(f"  {result.truth:9}  {result.id}: {sources[result.id]}")
        if result.detail:
            lines.append(f"             {result.detail}")
    lines += [
        f"by hand      {check.verify_by_hand.strip()}",
        f"remedy       {check.remediation.text}",
    ]
    evidence = assessment.observation_of(finding)
    if evidence:
        lines.append(f"evidence     {evidence} {finding.pointer}")
    lines += _resource(record, finding)
    return "\n".join(visible(part) for line in lines for part in line.split("\n"))


def _resource(record: Recorded, finding: Finding) -> list[str]:
    """The resource as it was read."""
    if not finding.pointer:
        return []
    index = int(finding.pointer.rpartition("/")[2])
    for observation, _digest in record.observations:
        if (observation.target, observation.resource_type) == (
            finding.target,
            finding.resource_type,
        ):
            document = observation.resources[index].to_json()
            return [json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)]
    return []
