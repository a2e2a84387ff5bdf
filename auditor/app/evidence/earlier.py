"""What an earlier run recorded of a target: for what may only grow since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from auditor.app.assess import load_policy
from auditor.app.evidence.loading import load_observation
from auditor.core.model.observation import Observation
from auditor.store.interface import Store

Earlier = Callable[[str, str], Observation | None]


def earlier_than(store: Store, now: datetime) -> Earlier:
    """Looks up what was read before a run.

    Args:
        now: The moment of the run. A run of the same moment or later is not before it.

    Returns:
        Target and resource type to the newest observation without gaps of a run that came to its
        end; None where there is none. It raises VerificationError where its evidence was changed.
    """

    def look_up(target: str, resource_type: str) -> Observation | None:
        for summary in store.runs():
            if summary.ended is None or summary.now >= now:
                continue
            found = _of_run(store, summary.id, target, resource_type)
            if found is not None and found.complete:
                return found
        return None

    return look_up


def _of_run(store: Store, run: str, target: str, resource_type: str) -> Observation | None:
    history = store.history(run)
    if history is None:
        return None
    for entry in history.collects:
        if (entry.target, entry.resource_type) == (target, resource_type):
            return load_observation(store, entry, load_policy(store, history))
    return None
