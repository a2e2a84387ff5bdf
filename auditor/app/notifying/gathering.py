"""All events of a project: what its runs show since the last time, and what ends or is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.app.assess import load_policy
from auditor.app.evidence.of_run import RunEvidence
from auditor.app.notifying.changes import Verdicts, new_findings
from auditor.app.notifying.events import Event, order
from auditor.app.notifying.expiries import expiring
from auditor.app.notifying.missed import missed_runs
from auditor.app.project import Project
from auditor.errors import UsageError
from auditor.store.index import RunSummary

CATCH_UP = 50
"""Runs since the last time that are looked at; of older ones only what still is so is told."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The events, and how far the log was read.

    Args:
        position: Index of the entry that ends the newest run.
        skipped: Runs since the last time that were too many to be looked at.
    """

    events: tuple[Event, ...]
    position: int
    skipped: int = 0


def gather(project: Project, now: datetime, position: int | None, run: str = "latest") -> Gathered:
    """The events of a project at a moment.

    Args:
        position: Where the last gathering ended; None at the first, which looks at one run.
        run: `latest` for all runs since then, or the id of one.

    Raises:
        UsageError: There is no complete run.
        VerificationError: What is recorded was changed.
    """
    complete = [s for s in project.store.runs() if s.end_index is not None]
    if not complete:
        raise UsageError("there is no complete run yet", hint="auditor scan")
    verdicts = Verdicts(project.store)
    chosen, skipped = _chosen(complete, position, run)
    events = [
        event
        for index in chosen
        for event in new_findings(verdicts, complete[index], complete[index + 1 :])
    ]
    newest = complete[0]
    history = project.store.history(newest.id)
    if history is not None:
        policy = load_policy(project.store, history)
        evidence = RunEvidence(project.store, newest.id, policy)
        for entry in history.collects:
            evidence.add_logged(entry)
        warn = project.loaded.config.notifications.warn
        events += expiring(newest.id, policy, evidence, warn, now)
        events += missed_runs(verdicts, policy, complete, now)
    return Gathered(tuple(sorted(_once(events), key=order)), newest.end_index or 0, skipped)


def _chosen(complete: list[RunSummary], position: int | None, run: str) -> tuple[list[int], int]:
    """Places of the runs to look at in `complete`, and how many are left out."""
    if run != "latest":
        return [place for place, one in enumerate(complete) if one.id == run], 0
    if position is None:
        return [0], 0
    since = [n for n, one in enumerate(complete) if (one.end_index or 0) > position]
    return since[:CATCH_UP], len(since[CATCH_UP:])


def _once(events: list[Event]) -> list[Event]:
    return list({event.fingerprint: event for event in events}.values())
