"""Two runs in memory: findings by a short notation, and policies that are alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from auditor.core.diff.model import Side
from auditor.core.model.finding import Finding
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity, Status
from tests.unit.core.period.runs import TARGET, control, policy

NOW = datetime(2026, 7, 1, tzinfo=UTC)
THINGS = control()


def finding(key: str, status: Status = Status.PASS, **more: object) -> Finding:
    """Of the one check, on a resource."""
    values: dict[str, object] = {
        "control": THINGS.id,
        "check": "thing",
        "target": TARGET.name,
        "environment": TARGET.environment,
        "resource_type": "demo.thing",
        "severity": Severity.HIGH,
        "pointer": "/resources/0" if key else "",
    }
    return Finding(key=key, status=status, **{**values, **more})  # type: ignore[arg-type]


def side(*findings: Finding, run: str = "20260701T000000Z-aaaaaa", **changes: object) -> Side:
    """A run of these findings."""
    return Side(run, NOW, replace(base_policy(), **changes), tuple(findings))  # type: ignore[arg-type]


def base_policy() -> Policy:
    """The policy of both."""
    return policy(THINGS)
