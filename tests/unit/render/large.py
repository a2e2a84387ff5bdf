"""An assessment of any size, shaped like a real one: most findings pass, and some do not.

For the benchmark of reports and for limits. Built of the parts of `sample`.
"""

from __future__ import annotations

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import AssertionResult, Finding
from auditor.core.model.status import Cause, Severity, Status
from tests.unit.render.sample import ACCOUNT, CONTROLS, sample

# Of 100 findings in a row: 80 pass, 8 fail, 5 are in error, 4 not applicable, 2 waived, 1 manual.
_SHARES = (
    (80, Status.PASS),
    (88, Status.FAIL),
    (93, Status.ERROR),
    (97, Status.NOT_APPLICABLE),
    (99, Status.WAIVED),
    (100, Status.MANUAL),
)
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_REASONS = {
    Status.FAIL: "has a console password and no second factor",
    Status.ERROR: "field `policy` was not read: AccessDenied on GetBucketPolicy",
    Status.WAIVED: "has no second factor [waiver W-2026-07 until 2026-12-31T00:00:00Z]",
    Status.MANUAL: "waits for the attestation of head-of-platform",
    Status.NOT_APPLICABLE: "not applicable: `resource.password_enabled` is false",
}


def large(number: int, only: Status | None = None) -> Assessment:
    """An assessment of that many findings.

    Args:
        only: Every finding has this status; None mixes them.
    """
    findings = [_finding(index, only or _status(index)) for index in range(number)]
    return sample(findings=findings)


def _status(index: int) -> Status:
    place = index * 37 % 100  # spread, and the same shares in every hundred
    return next(status for end, status in _SHARES if place < end)


def _finding(index: int, status: Status) -> Finding:
    control = CONTROLS[index % 5]
    check = control.checks[0]
    key = f"arn:aws:iam::{ACCOUNT}:user/department-{index % 40:02d}/person-{index:06d}"
    reason = f"{key} {_REASONS[status]}" if status in _REASONS else ""
    truth = {Status.PASS: "true", Status.FAIL: "false", Status.WAIVED: "false"}.get(status)
    severity = _SEVERITIES[index % len(_SEVERITIES)]
    denied = status is Status.ERROR
    return Finding(
        control=control.id,
        check=check.id,
        target="aws-prod",
        key=key,
        status=status,
        severity=severity,
        environment="prod",
        resource_type=check.resource,
        uid=f"AIDA{index:016d}",
        reason=reason,
        cause=Cause.DENIED if denied else None,
        action="iam:GetLoginProfile" if denied else "",
        hint="add the permission to the reader's role" if denied else "",
        assertions=(
            (AssertionResult("first", truth, severity, reason),)  # type: ignore[arg-type] # of the table
            if truth
            else ()
        ),
        pointer=f"/resources/{index}",
        waiver="W-2026-07" if status is Status.WAIVED else "",
    )
