"""Runs that were interrupted: which can go on, and what they have read already."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from auditor.app.assess import load_policy
from auditor.app.evidence.of_run import RunEvidence
from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.app.runs import engine_name
from auditor.core.model.policy import Policy
from auditor.errors import UsageError
from auditor.ledger.entries import RunStart
from auditor.ledger.runs import RunHistory

MAX_AGE = timedelta(hours=24)
"""A run that is resumed later than this would judge evidence of another day at its old moment."""
_SHARED = "/tmp"  # noqa: S108 - the one place that all processes of a machine see


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run without an end.

    Args:
        index: Of its `run.start` entry.
        evidence: What it has read, in the order of the log.
    """

    start: RunStart
    index: int
    policy: Policy
    evidence: RunEvidence


def find_interrupted(project: Project, run: str, now: datetime) -> Interrupted:
    """The run to go on with.

    Raises:
        UsageError: It has ended, was given up, is too old, was judged by another engine, or what
            it has read was never signed.
        VerificationError: What it has read was changed.
    """
    signed = _acknowledge(project, now)
    history = project.store.history(run)
    if history is None or history.start is None:
        raise UsageError(f"there is no run {run}", hint="auditor run list")
    if history.last_index >= signed:
        raise UsageError(
            f"what run {run} has read was not signed before it was interrupted: whoever can write"
            " the store could have changed it",
            hint="auditor scan begins a new run",
        )
    _check_state(history, history.start, now)
    policy = load_policy(project.store, history)
    if engine_name(policy) != project.engine.name.partition(" ")[0]:
        raise UsageError(
            f"run {run} was begun with the engine {policy.engine}",
            hint=f"auditor --engine {engine_name(policy)} scan --resume {run}",
        )
    evidence = RunEvidence(project.store, run, policy)
    for entry in history.collects:
        evidence.add_logged(entry)
    return Interrupted(history.start, history.start_index, policy, evidence)


def _check_state(history: RunHistory, start: RunStart, now: datetime) -> None:
    if history.state != "open":
        raise UsageError(
            f"run {history.run} is {history.state}: there is nothing to resume",
            hint="auditor scan begins a new run",
        )
    if now - start.now > MAX_AGE:
        raise UsageError(
            f"run {history.run} was begun at {start.now.isoformat()}, more than"
            f" {MAX_AGE.total_seconds() / 3600:.0f} hours ago",
            hint="auditor scan begins a new run",
        )


def _acknowledge(project: Project, now: datetime) -> int:
    """Bring what an interrupted writer left in the journal under a checkpoint.

    Returns:
        How many entries were signed before; nobody vouches for those that come after.
    """
    with open_log(project, lambda: now) as log:
        before = log.checkpoint
        log.commit()
    return before.checkpoint.size if before else 0


@contextmanager
def one_process(run: str) -> Iterator[None]:
    """Hold a run, so that no second process of this machine goes on with it at the same time.

    Raises:
        UsageError: Another process is at it.
    """
    folder = os.environ.get("XDG_RUNTIME_DIR") or _SHARED
    path = Path(folder) / f"auditor-{os.getuid()}-{run}.lock"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
        path.unlink(missing_ok=True)
    except BlockingIOError as error:
        raise UsageError(
            f"another process is at run {run}", hint="wait for it to end, or stop it"
        ) from error
    finally:
        os.close(descriptor)
