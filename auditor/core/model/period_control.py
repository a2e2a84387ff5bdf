"""What a period shows of a control, of its checks, and of a requirement; see `period_report`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from auditor.core.model.status import ControlStatus


class PeriodState(StrEnum):
    """What a period shows of a control; no word of opinion."""

    NO_DEVIATIONS = "no_deviations"
    DEVIATIONS = "deviations"
    NOT_OPERATED = "not_operated"
    NOT_TESTED = "not_tested"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class NoEvidence:
    """A stretch of time without a run that judged the control.

    Args:
        allowed: Longest distance of two runs that the control's `evaluate` allows.
        runs: Runs that began in it and are no evidence (aborted, without an end).
    """

    since: datetime
    until: datetime
    allowed: timedelta
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incompleteness:
    """A reason why the evidence over a control is not whole.

    Args:
        kind: no_evidence, too_few_runs, undecided, not_judged (its target or check was left out),
            not_tested.
        since, last: The first and the last moment that it concerns.
        runs: How many runs.
    """

    kind: str
    detail: str
    since: datetime
    last: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """A control in one run, for a chart; `status` is NOT_TESTED where the run left it out."""

    run: str
    now: datetime
    status: ControlStatus
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Item:
    """A resource by its names; `at` is the run that showed what is said of it.

    Args:
        uid: The system's own id; "" if none.
        before: Where it was re-created: the uid that had the name before.
    """

    target: str
    resource: str
    uid: str
    at: datetime
    before: str = ""


@dataclass(frozen=True, slots=True)
class PopulationPeriod:
    """The resources that a check judged, from run to run.

    Args:
        first, last, least, most: Sizes in the first and last run, smallest and largest.
    """

    first: int
    last: int
    least: int
    most: int
    added: tuple[Item, ...]
    vanished: tuple[Item, ...]
    recreated: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class CheckPeriod:
    """A test that was done.

    Args:
        query: What is read and which of it is judged, for whoever wants to ask again.
        runs: Complete runs that judged it; `first_run_at`, `last_run_at` the first and the last.
        counts: Judgements (one check on one resource in one run) by status.
        items: Distinct resources with a decision (pass, fail, waived); `failed` of them at least
            once without a waiver.
        not_tested: Why no target was judged, where the plan said so.
    """

    id: str
    title: str
    catalogue: str
    resource_type: str
    query: str
    verify_by_hand: str
    runs: int
    first_run_at: datetime | None
    last_run_at: datetime | None
    counts: Mapping[str, int]
    items: int
    failed: int
    not_tested: tuple[str, ...]
    population: PopulationPeriod


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """What was read of a resource type of a target: how often, and the first and last digest."""

    target: str
    resource_type: str
    readings: int
    incomplete: int
    first_run: str
    first_digest: str
    first_items: int
    last_run: str
    last_digest: str
    last_items: int


@dataclass(frozen=True, slots=True)
class ControlPeriod:
    """A control over the period. `k of n` in its own words is `summary`.

    Args:
        owner: The role.
        every, gap_tolerance: How often it is to be tested, as the last run has it.
        items: n: distinct items (one check on one resource) with a decision.
        deviating: k: those that failed without a waiver in at least one run.
        judgements, failing_judgements: The same, counted once for each run.
        runs_with_deviations: Runs with at least one such failure.
        undecided: Items that were in error or manual in at least one run.
        waived: Items that a waiver covered in at least one run.
        incomplete: Why the evidence is not whole; stated besides deviations too.
        mappings: `framework requirement`, as `soc2 CC6.1`, in force in any run.
    """

    id: str
    title: str
    statement: str
    owner: str
    frequency: str
    nature: str
    execution: str
    every: timedelta
    gap_tolerance: timedelta
    state: PeriodState
    summary: str
    runs_expected: int
    runs_done: int
    items: int
    deviating: int
    judgements: int
    failing_judgements: int
    runs_with_deviations: int
    undecided: int
    waived: int
    gaps: tuple[NoEvidence, ...]
    incomplete: tuple[Incompleteness, ...]
    mappings: tuple[str, ...]
    series: tuple[SeriesPoint, ...]
    checks: tuple[CheckPeriod, ...]
    evidence: tuple[EvidenceRef, ...]


@dataclass(frozen=True, slots=True)
class RequirementPeriod:
    """What was tested for a requirement. There is no field that says it is met.

    Args:
        controls: Ids of all that were mapped to it in any run; those not mapped any more in the
            last run are in `unmapped` too.
        by_state: State to the ids of the controls in it; every state is there.
        items, deviating: Sums of n and k over its controls.
    """

    framework: str
    id: str
    title: str
    evidence: str
    controls: tuple[str, ...]
    unmapped: tuple[str, ...]
    by_state: Mapping[str, tuple[str, ...]]
    items: int
    deviating: int
