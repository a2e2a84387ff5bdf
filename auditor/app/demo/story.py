"""What the demonstration must find. A demo that finds something else has failed, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.model.finding import Finding
from auditor.core.model.status import Status


@dataclass(frozen=True, slots=True)
class Expected:
    """One finding of the story: check path, a part of its key, status, and a part of its reason."""

    check: str
    key: str
    status: Status
    reason: str = ""


STORY: tuple[Expected, ...] = (
    Expected("console-mfa/console-users", "user/alice", Status.PASS),
    Expected("console-mfa/console-users", "user/bob", Status.FAIL),
    Expected("console-mfa/console-users", "user/break-glass", Status.WAIVED),
    Expected("console-mfa/console-users", "user/contractor", Status.FAIL, "expired"),
    Expected("console-mfa/console-users", "user/ci", Status.NOT_APPLICABLE),
)


def differences(findings: Sequence[Finding]) -> list[str]:
    """What of the story was not found, a line each."""
    lines = []
    for expected in STORY:
        near = [
            finding
            for finding in findings
            if f"{finding.control}/{finding.check}" == expected.check
            and expected.key in finding.key
        ]
        if not near:
            lines.append(f"{expected.check} on {expected.key}: no finding")
        lines += [
            f"{finding.id} is {finding.status.value} ({finding.reason}), "
            f"expected {expected.status.value}"
            for finding in near
            if finding.status is not expected.status or expected.reason not in finding.reason
        ]
    return lines
