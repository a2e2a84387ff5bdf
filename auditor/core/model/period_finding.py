"""What a period shows of a finding, and of a waiver; see `period_report`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from auditor.core.model.status import Severity


class Opening(StrEnum):
    """How a finding came to fail."""

    BEFORE_PERIOD = "before_period"  # it failed already in the last run before the period
    CHANGED = "changed"  # it was judged otherwise before
    FIRST_JUDGED = "first_judged"  # the resource or the check is new
    RETURNED = "returned"  # it had vanished
    WAIVER_ENDED = "waiver_ended"  # it was waived, and is not any more


class Closing(StrEnum):
    """How a finding stopped failing. Only `fixed` says that somebody put it right."""

    OPEN = "open"
    FIXED = "fixed"
    VANISHED = "vanished"
    RECREATED = "recreated"  # another resource (another uid) has its name
    NOT_APPLICABLE = "not_applicable"
    OUT_OF_SCOPE = "out_of_scope"  # its check or target is not looked at any more
    WAIVED = "waived"
    LOOSENED = (
        "loosened"  # it passes since its control was loosened: nothing tells that it is fixed
    )


@dataclass(frozen=True, slots=True)
class Response:
    """What management says of a finding; its words, not ours. `about` is as it was written."""

    about: str
    cause: str
    response: str
    by: str
    at: datetime
    file: str


@dataclass(frozen=True, slots=True)
class FindingHistory:
    """One stretch of time in which a finding failed; a finding that fails again has another.

    Args:
        first_seen: The first run that saw it fail, also where that was before the period.
        last_seen: The last run of the period that saw it fail.
        closed_at: The run that showed the end; None where it is open.
        duration: From `first_seen` to the end, or to the period's end.
        target_time: Remediation target of its severity; None where there is none.
        late: It lasted longer than that.
        runs: Runs that saw it fail; `undecided_runs` those between that could not tell.
        successor: uid of the resource that has its name now, where it was re-created.
        evidence: Digest and JSON pointer of the observation that first showed it in the period.
        closing_evidence: Digest of the observation that showed the end; "" where nothing did.
    """

    fingerprint: str
    id: str
    control: str
    check: str
    target: str
    environment: str
    resource: str
    uid: str
    severity: Severity
    reason: str
    opening: Opening
    first_seen: datetime
    first_run: str
    last_seen: datetime
    last_run: str
    closing: Closing
    closed_at: datetime | None
    closing_run: str
    closing_detail: str
    duration: timedelta
    target_time: timedelta | None
    late: bool
    runs: int
    undecided_runs: int
    successor: str
    evidence: str
    pointer: str
    closing_evidence: str
    responses: tuple[Response, ...]

    @property
    def short(self) -> str:
        """The first 12 digits of the fingerprint, as people type it."""
        return self.fingerprint[:12]


@dataclass(frozen=True, slots=True)
class CoveredItem:
    """An item that a waiver covered, from the first to the last such run; and what came then.

    Args:
        failed_after: The first run after that saw it fail without the waiver; None without one.
    """

    finding: str
    fingerprint: str
    first_at: datetime
    last_at: datetime
    failed_after: datetime | None


@dataclass(frozen=True, slots=True)
class WaiverPeriod:
    """A waiver over the period.

    Args:
        signature: `valid`, or why it does not count.
        in_force_since, in_force_until: Within the period; None where it never was.
        expired: It ended within the period; `failing_after` items failed still.
        refused: Why it was not honoured, each reason once.
    """

    id: str
    check: str
    match: str
    environments: tuple[str, ...]
    reason: str
    risk: str
    compensating: tuple[str, ...]
    requested_by: str
    approved_by: str
    approved_at: datetime
    expires: datetime
    max_items: int
    signature: str
    in_force_since: datetime | None
    in_force_until: datetime | None
    expired: bool
    failing_after: int
    refused: tuple[str, ...]
    items: tuple[CoveredItem, ...]
