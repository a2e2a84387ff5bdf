"""One item (one check on one resource) over the runs: its decisions, and when it failed.

An item is its fingerprint. It fails from the first run that saw it fail to the run that showed
otherwise; runs between that could not tell (error, manual) end nothing, and neither does a run that
did not look at its check or target: the clock of remediation goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.core.model.period_report import Closing, Opening, RunLine
from auditor.core.model.status import Severity

DECIDED = frozenset({"pass", "fail", "waived"})
UNDECIDED = frozenset({"error", "manual"})
_CLOSED_BY = {
    "pass": Closing.FIXED,
    "waived": Closing.WAIVED,
    "not_applicable": Closing.NOT_APPLICABLE,
}


@dataclass(slots=True)
class Episode:
    """One stretch of failing; the fields are those of `FindingHistory`.

    Args:
        pending: Whether runs before the period have to tell when it began.
        out_since: The first run that did not look at its check or target; None while they do.
    """

    opening: Opening
    first: RunLine
    last: RunLine
    severity: Severity
    reason: str
    evidence: str
    pointer: str
    pending: bool = False
    closing: Closing = Closing.OPEN
    closed: RunLine | None = None
    detail: str = ""
    runs: int = 1
    undecided: int = 0
    successor: str = ""
    closing_evidence: str = ""
    out_since: RunLine | None = None

    def close(self, closing: Closing, line: RunLine, evidence: str = "", detail: str = "") -> None:
        """It fails no more."""
        self.closing, self.closed = closing, line
        self.closing_evidence, self.detail = evidence, detail


@dataclass(slots=True)
class ItemTrack:
    """An item; `status` is the last one that decided something, "" before any.

    Args:
        is_new: An earlier run of the period would have shown it.
        is_resource: Its last finding was about one resource of the observation.
        seen: Number of the last run that had it, counted over the complete runs.
        gone: It was not there in a later run that would have shown it.
    """

    fingerprint: str
    control: str
    check: str
    target: str
    environment: str
    key: str
    uid: str
    is_new: bool = False
    is_resource: bool = False
    status: str = ""
    seen: int = -1
    gone: bool = False
    decided: bool = False
    failed: bool = False
    waived: bool = False
    undecided: bool = False
    episodes: list[Episode] = field(default_factory=list)

    @property
    def open(self) -> Episode | None:
        """The episode that goes on, None where it does not fail."""
        last = self.episodes[-1] if self.episodes else None
        return last if last is not None and last.closing is Closing.OPEN else None

    def take(
        self, found: Mapping[str, Any], line: RunLine, evidence: str, loosened: str = ""
    ) -> None:
        """Its finding in the next run.

        Args:
            evidence: Digest of the observation behind it.
            loosened: How its control was loosened in this run; "" where it was not.
        """
        status: str = found["status"]
        self.is_resource = bool(found.get("pointer"))
        episode = self.open
        if episode is not None:
            episode.out_since = None
        if status in UNDECIDED:
            self.undecided = True
            if episode is not None:
                episode.undecided += 1
        elif status == "fail":
            self._fail(found, line, evidence)
        elif episode is not None:
            self._closed(episode, status, found, line, evidence, loosened)
        if status not in UNDECIDED:
            self.status = status
            self.decided = self.decided or status in DECIDED
            self.waived = self.waived or status == "waived"
        self.gone = False

    def _fail(self, found: Mapping[str, Any], line: RunLine, evidence: str) -> None:
        self.failed = True
        severity, reason = Severity(found["severity"]), str(found.get("reason", ""))
        episode = self.open
        if episode is None:
            self.episodes.append(
                Episode(
                    self._opening(), line, line, severity, reason, evidence,
                    str(found.get("pointer", "")), pending=not self.status and not self.is_new,
                )
            )  # fmt: skip
            return
        episode.last, episode.reason = line, reason
        episode.runs += 1
        if severity.rank < episode.severity.rank:
            episode.severity = severity

    def _opening(self) -> Opening:
        if not self.status:
            return Opening.FIRST_JUDGED
        if self.gone:
            return Opening.RETURNED
        return Opening.WAIVER_ENDED if self.status == "waived" else Opening.CHANGED

    @staticmethod
    def _closed(
        episode: Episode,
        status: str,
        found: Mapping[str, Any],
        line: RunLine,
        evidence: str,
        loosened: str,
    ) -> None:
        closing = _CLOSED_BY[status]
        detail = ""
        if status == "waived":
            detail = f"waiver {found.get('waiver', '')}"
        elif loosened:
            closing, detail = Closing.LOOSENED, loosened
        episode.close(closing, line, evidence, detail)
