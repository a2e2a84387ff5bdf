"""New failures, and what is no longer evaluated: a run against the runs before it.

A run may be of one target only, so each finding is held against the newest earlier run that judged
it. What was in error in between was not mended: a finding is new when it passed before, or was
never seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.app.assess import parse_verdicts
from auditor.app.notifying.events import Event, event_fingerprint
from auditor.catalog.notifications import EventKind
from auditor.core.evaluate import Judgement
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.store.index import RunSummary
from auditor.store.interface import Store

LOOK_BACK = 30
"""Runs that are looked through for the last word on a finding."""
UNDECIDED = (Status.ERROR, Status.MANUAL)
_KIND: dict[Status, EventKind] = {
    Status.FAIL: "new_failure",
    Status.ERROR: "new_error",
    Status.MANUAL: "new_error",
}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts of complete runs, each read once."""

    store: Store
    _read: dict[str, Judgement] = field(default_factory=dict)

    def of(self, run: str) -> Judgement:
        """The recorded verdicts of a complete run.

        Raises:
            VerificationError: They are missing or were changed.
        """
        if run not in self._read:
            history = self.store.history(run)
            if history is None or history.verdicts is None:  # a complete run has both
                return Judgement((), ())
            self._read[run] = parse_verdicts(self.store.get(history.verdicts.blob))
        return self._read[run]


def new_findings(verdicts: Verdicts, run: RunSummary, earlier: list[RunSummary]) -> Iterator[Event]:
    """Events of the findings that this run has and none had before.

    Args:
        earlier: Complete runs before it, the newest first.
    """
    told = [f for f in verdicts.of(run.id).findings if f.status in _KIND]
    last = _Last(verdicts, earlier[:LOOK_BACK])
    for finding in told:
        if finding.status is Status.FAIL:
            known = last.decided(finding.fingerprint) is Status.FAIL
        else:
            known = last.status(finding.fingerprint) in UNDECIDED
        if not known:
            yield _event(run.id, finding)


class _Last:
    """The last word of earlier runs on a finding; reads no further back than it must."""

    def __init__(self, verdicts: Verdicts, earlier: list[RunSummary]) -> None:
        self._verdicts = verdicts
        self._unread = list(earlier)
        self._statuses: dict[str, Status] = {}
        self._decided: dict[str, Status] = {}

    def status(self, fingerprint: str) -> Status | None:
        """As the newest run that has it says; None where none has it."""
        return self._look(self._statuses, fingerprint)

    def decided(self, fingerprint: str) -> Status | None:
        """As the newest run says that could decide."""
        return self._look(self._decided, fingerprint)

    def _look(self, known: dict[str, Status], fingerprint: str) -> Status | None:
        while fingerprint not in known and self._unread:
            for finding in self._verdicts.of(self._unread.pop(0).id).findings:
                self._statuses.setdefault(finding.fingerprint, finding.status)
                if finding.status not in UNDECIDED:
                    self._decided.setdefault(finding.fingerprint, finding.status)
        return known.get(fingerprint)


def _event(run: str, finding: Finding) -> Event:
    kind = _KIND[finding.status]
    return Event(
        kind=kind,
        fingerprint=event_fingerprint(kind, finding.fingerprint, run),
        run=run,
        severity=finding.severity,
        subject=finding.id,
        detail=finding.reason or f"its status is {finding.status.value}",
        next=f"auditor why {finding.short}",
        environment=finding.environment,
    )
