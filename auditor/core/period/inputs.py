"""What the period engine is given: the question, the headers of the runs, the content of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.observation import Gap
from auditor.core.model.period_report import (
    AttestationPeriod,
    Bounds,
    LogEvent,
    PeriodLog,
    Problem,
    Response,
    RunLine,
)
from auditor.core.model.policy import Policy
from auditor.core.model.status import Severity


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """One `collect` entry; `gaps` are those of its observation, empty for a complete one."""

    target: str
    resource_type: str
    digest: str
    items: int
    complete: bool
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class RunContent:
    """What a complete run left.

    Args:
        findings: As `verdicts-1` has them.
        program: Name and version of the program that made the run.
        problems: What breaks the agreement of the run with its own policy.
    """

    policy: Policy
    findings: Sequence[Mapping[str, Any]]
    not_tested: Sequence[NotTested]
    readings: Sequence[ReadingFacts]
    program: str = ""
    problems: Sequence[str] = ()


Load = Callable[[RunLine], RunContent]


@dataclass(frozen=True, slots=True)
class PeriodQuestion:
    """What is asked, and what stands beside the runs.

    Args:
        frameworks: Ids to keep; empty for all that the runs were made for.
        since_run: Compare the first run with this one; "" for the last complete one before.
        attestations, events, problems: Those of the log within the period.
    """

    tool: str
    bounds: Bounds
    log: PeriodLog
    frameworks: tuple[str, ...] = ()
    since_run: str = ""
    remediation: Mapping[Severity, timedelta] = field(default_factory=dict)
    responses: Sequence[Response] = ()
    attestations: Sequence[AttestationPeriod] = ()
    events: Sequence[LogEvent] = ()
    problems: Sequence[Problem] = ()

    def __contains__(self, moment: datetime) -> bool:
        return self.bounds.since <= moment < self.bounds.until

    @property
    def end(self) -> datetime:
        """The end of what can have been seen: that of the period, or of the log before it."""
        return max(self.bounds.since, min(self.bounds.until, self.log.time))
