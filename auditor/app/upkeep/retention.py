"""How long evidence is kept: what `auditor.yaml` promises, run by run."""

from __future__ import annotations

from datetime import datetime

from auditor.catalog.config import Retention
from auditor.core.model.policy import Policy


def retain_until(retention: Retention, policy: Policy, now: datetime) -> datetime:
    """Until when the evidence of a run that judges this policy is kept at least."""
    longest = [retention.controls.get(control.id, retention.default) for control in policy.controls]
    return now + max(longest, default=retention.default)
