"""What the demonstration must find. A demo that finds something else has failed, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.app.demo.endpoints import Endpoints
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status


@dataclass(frozen=True, slots=True)
class Expected:
    """One finding of the story: check path, a part of its key, status, and a part of its reason."""

    check: str
    key: str
    status: Status
    reason: str = ""


_CLOUD: tuple[Expected, ...] = (
    Expected("console-mfa/console-users", "user/alice", Status.PASS),
    Expected("console-mfa/console-users", "user/bob", Status.FAIL),
    Expected("console-mfa/console-users", "user/break-glass", Status.WAIVED),
    Expected("console-mfa/console-users", "user/contractor", Status.FAIL, "expired"),
    Expected("console-mfa/console-users", "user/ci", Status.NOT_APPLICABLE),
    Expected("storage-private/buckets", "larkspur-exports", Status.FAIL),
    Expected("storage-private/buckets", "larkspur-logs", Status.PASS),
    Expected("encryption-at-rest/databases", "db:ledger", Status.PASS),
    Expected("encryption-at-rest/databases", "db:reporting", Status.FAIL),
    Expected("key-management/rotation", ":key/", Status.ERROR, "kms:GetKeyRotationStatus"),
    Expected("activity-recording/multi-region", "all-regions", Status.PASS),
    Expected("log-retention/log-groups", "/larkspur/ledger", Status.PASS),
    Expected("log-retention/log-groups", "/larkspur/web", Status.FAIL),
    Expected("backups/encrypted", "ledger/", Status.PASS),
    Expected("backups/fresh", "ledger", Status.FAIL),
    Expected("restore-tests/records", "ledger-last-week", Status.PASS),
)


def story(served: Endpoints) -> tuple[Expected, ...]:
    """Everything that must be found; ports are different each time."""
    return (
        *_CLOUD,
        Expected("tls-endpoints/expiry", served.good, Status.PASS),
        Expected("tls-endpoints/chain", served.good, Status.PASS),
        Expected("tls-endpoints/expiry", served.expired, Status.FAIL),
        Expected("tls-endpoints/chain", served.expired, Status.FAIL, "expired"),
    )


def differences(findings: Sequence[Finding], expectations: Sequence[Expected]) -> list[str]:
    """What of the story was not found, a line each."""
    lines = []
    for expected in expectations:
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
