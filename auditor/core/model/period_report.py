"""A period as its readers see it (SOC 2 Type II): everything that a period report may say.

Made by `core.period` from what the log and the store hold, and rendered from this alone. It states
what was tested and found, and what was not; there is no word of opinion in it. Moments that are
called `until` are not included (half-open); moments that are called `last_...` are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any

from auditor.core.model.period_control import (
    CheckPeriod,
    ControlPeriod,
    EvidenceRef,
    Incompleteness,
    Item,
    NoEvidence,
    PeriodState,
    PopulationPeriod,
    RequirementPeriod,
    SeriesPoint,
)
from auditor.core.model.period_finding import (
    Closing,
    CoveredItem,
    FindingHistory,
    Opening,
    Response,
    WaiverPeriod,
)
from auditor.core.model.status import Cause
from auditor.core.times import format_duration, format_instant

__all__ = [
    "AttestationPeriod",
    "Baseline",
    "Bounds",
    "Change",
    "CheckPeriod",
    "Closing",
    "ControlPeriod",
    "CoveredItem",
    "Effect",
    "EvidenceRef",
    "FindingHistory",
    "FrameworkLine",
    "Incompleteness",
    "Item",
    "LogEvent",
    "NoEvidence",
    "Opening",
    "PeriodLog",
    "PeriodReport",
    "PeriodState",
    "PopulationPeriod",
    "Problem",
    "RequirementPeriod",
    "Response",
    "RunLine",
    "RunState",
    "SeriesPoint",
    "UnreadPeriod",
    "WaiverPeriod",
]
SCHEMA = "period-1"


class RunState(StrEnum):
    """How a run stands in the log; only complete ones are evidence."""

    COMPLETE = "complete"
    ABORTED = "aborted"
    UNFINISHED = "unfinished"
    OUT_OF_ORDER = "out_of_order"


class Effect(StrEnum):
    """What a change of the policy does to what is demanded."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    NEUTRAL = "neutral"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The period. `name` is what was asked for: `2026-Q3`, `2026-09`, `2026`, `START/END`."""

    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class FrameworkLine:
    """A framework that the report covers."""

    id: str
    title: str
    version: str


@dataclass(frozen=True, slots=True)
class PeriodLog:
    """The head of the log that the report was made from: name, entries, root (base64).

    Args:
        time: Of the last entry; where it lies before the period's end, the period was not over.
    """

    origin: str
    size: int
    root: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run that the first run of the period is compared with.

    Args:
        chosen: `before_period` (the last complete one before it) or `asked` (`--since`).
    """

    run: str
    now: datetime
    policy: str
    chosen: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the period, whatever became of it.

    Args:
        now: The moment that it judged at; it decides which period the run belongs to.
        started_at, ended_at: Times of its first and last entry in the log; None without an end.
        outcome: As the log has it; "" where it has no end.
        reason: Why it is not complete; "" for a complete one.
        counts: Findings by status.
        policy, verdicts, statement: Digests; "" where there is none.
        signer: Key id of the statement's key.
        first_entry, last_entry: Indexes in the log; the last is -1 without an end.
        targets, controls: How many the run looked at, by its policy.
    """

    run: str
    now: datetime
    started_at: datetime
    ended_at: datetime | None
    state: RunState
    outcome: str
    reason: str
    counts: Mapping[str, int]
    policy: str
    verdicts: str
    statement: str
    signer: str
    timestamped: bool
    first_entry: int
    last_entry: int
    targets: int
    controls: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about runs, clocks or the log that a reader has to know."""

    kind: str
    detail: str
    run: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An entry of the log that is no run's: keys, holds, prunings."""

    index: int
    at: datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was decided otherwise from one complete run to the next.

    Args:
        at, run: The first run under the new policy.
        previous_run: The run that it is compared with.
        kind: control, check, parameter, mapping, scope, target, waiver, ownership, framework,
            inventory, engine or program.
        subject: What changed: a control, `control/check`, a target...
        what: In words.
        before, after: As written; "" where there was or is nothing.
    """

    at: datetime
    run: str
    previous_run: str
    kind: str
    subject: str
    what: str
    before: str
    after: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class AttestationPeriod:
    """An attestation that the log took note of within the period; `fields` as it stands there."""

    index: int
    at: datetime
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class UnreadPeriod:
    """What was not read and why, in a stretch of runs that follow each other."""

    target: str
    resource_type: str
    subject: str
    cause: Cause
    action: str
    detail: str
    hint: str
    first_at: datetime
    last_at: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The whole report. Lists are complete and in a stable order; nothing is capped here.

    Args:
        asked_frameworks: What the report was limited to; empty for everything.
        remediation: Severity to how soon a finding is to be fixed.
        unmatched_responses: Management responses that fit no finding of the period.
        facts: Counts for a first page: `controls`, each state, `runs_complete`, `late`...
    """

    tool: str
    organisation: str
    period: Bounds
    frameworks: tuple[FrameworkLine, ...]
    asked_frameworks: tuple[str, ...]
    log: PeriodLog
    baseline: Baseline | None
    remediation: Mapping[str, timedelta]
    facts: Mapping[str, int]
    problems: tuple[Problem, ...]
    changes: tuple[Change, ...]
    requirements: tuple[RequirementPeriod, ...]
    controls: tuple[ControlPeriod, ...]
    findings: tuple[FindingHistory, ...]
    waivers: tuple[WaiverPeriod, ...]
    attestations: tuple[AttestationPeriod, ...]
    coverage: tuple[UnreadPeriod, ...]
    runs: tuple[RunLine, ...]
    events: tuple[LogEvent, ...]
    responses: tuple[Response, ...]
    unmatched_responses: tuple[str, ...]

    def findings_of(self, control: str) -> tuple[FindingHistory, ...]:
        """The histories of one control."""
        return tuple(finding for finding in self.findings if finding.control == control)

    def to_json(self) -> dict[str, object]:
        """The document of schema `period-1`, fit for canonical JSON."""
        return {"schema": SCHEMA} | {
            item.name: _plain(getattr(self, item.name)) for item in fields(self)
        }


_TEXTS: Mapping[type, Callable[[Any], object]] = {
    datetime: format_instant,
    timedelta: format_duration,
}


def _plain(value: object) -> object:
    """JSON of a part: every field under its own name, instants and durations as texts."""
    if isinstance(value, Enum):
        return value.value
    if type(value) in _TEXTS:
        return _TEXTS[type(value)](value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value
