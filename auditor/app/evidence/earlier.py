"""What an earlier run recorded of a target: for what may only grow since."""

from __future__ import annotations

from datetime import datetime

from auditor.app.assess import load_policy
from auditor.app.evidence.loading import load_observation
from auditor.collectors.interface import Earlier, Wanted
from auditor.core.model.observation import Observation
from auditor.store.interface import Store


def earlier_than(store: Store, now: datetime) -> Earlier:
    """Looks up what was read before a run.

    A gap beside what is wanted says nothing against it: a table that is denied for good must not
    hide what was there of all the others.

    Args:
        now: The moment of the run. A run of the same moment or later is not before it.

    Returns:
        What a collector asks. It looks at runs that came to their end, the newest first, and raises
        VerificationError where their evidence was changed.
    """

    def look_up(target: str, resource_type: str, wanted: Wanted) -> Observation | None:
        for summary in store.runs():
            if summary.ended is None or summary.now >= now:
                continue
            found = _of_run(store, summary.id, target, resource_type)
            if found is not None and any(wanted(resource) for resource in found.resources):
                return found
        return None

    return look_up


def _of_run(store: Store, run: str, target: str, resource_type: str) -> Observation | None:
    history = store.history(run)
    if history is None:
        return None
    for entry in reversed(history.collects):  # the later of two is the one that is judged
        if (entry.target, entry.resource_type) == (target, resource_type):
            return load_observation(store, entry, load_policy(store, history))
    return None
