"""Agents and patches of instances, as Systems Manager knows them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.aws.facts.unreadable import mappings, text

_COUNTS: Mapping[str, str] = {
    "missing": "MissingCount",
    "failed": "FailedCount",
    "critical": "CriticalNonCompliantCount",
    "security": "SecurityNonCompliantCount",
    "waits_for_reboot": "InstalledPendingRebootCount",
}


def agents_by_instance(agents: object) -> dict[str, str]:
    """Id of an instance to the state of its agent."""
    return {
        text(agent.get("InstanceId"), "InstanceId"): text(agent.get("PingStatus"), "PingStatus")
        for agent in mappings(agents, "InstanceInformationList")
    }


def patch_state(states: object) -> dict[str, object] | None:
    """Figures of the last look at an instance's patches; null: there was none.

    Raises:
        ValueError: More instances than the one that was asked for answer.
    """
    found = mappings(states, "InstancePatchStates")
    if len(found) > 1:
        raise ValueError("the answer is about several instances")
    if not found:
        return None
    figures = {name: found[0].get(key) for name, key in _COUNTS.items()}
    return {"scanned_at": found[0].get("OperationEndTime"), **figures}
