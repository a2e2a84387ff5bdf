"""The shape of `period-1`, for whoever reads the JSON: the mirror of `PeriodReport.to_json`.

`schemas/period-1.json` is generated from it. What each field means stands at the dataclasses in
`core.model.period_report`. A field that is added there and not here fails the tests.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from auditor.core.model.period_report import Closing, Effect, Opening, PeriodState, RunState
from auditor.core.model.status import Cause, ControlStatus, Severity
from auditor.core.times import Duration, Instant
from auditor.render.assessment_document import Count, Counts, Fingerprint, MaybeSha256, Part

Index = Annotated[int, Field(ge=-1)]
RequirementKind = Literal["auto", "hybrid", "attest"]
Text = Annotated[str, StringConstraints(min_length=1)]


class BoundsPart(Part):
    """The period; `until` is not included."""

    name: Text
    since: Instant
    until: Instant


class FrameworkPart(Part):
    """A framework that the report covers."""

    id: str
    title: str
    version: str


class LogPart(Part):
    """The head of the log that the report was made from."""

    origin: str
    size: Count
    root: str
    time: Instant


class BaselinePart(Part):
    """The run that the first run of the period is compared with."""

    run: str
    now: Instant
    policy: MaybeSha256
    chosen: Literal["before_period", "asked"]


class RunPart(Part):
    """One run of the period, whatever became of it."""

    run: str
    now: Instant
    started_at: Instant
    ended_at: Instant | None
    state: RunState
    outcome: str
    reason: str
    counts: dict[str, Count]
    policy: MaybeSha256
    verdicts: MaybeSha256
    statement: MaybeSha256
    signer: str
    timestamped: bool
    first_entry: Index
    last_entry: Index
    targets: Count
    controls: Count


class ProblemPart(Part):
    """Something about runs, clocks or the log that a reader has to know."""

    kind: str
    detail: str
    run: str
    at: Instant | None


class EventPart(Part):
    """An entry of the log that is no run's."""

    index: Count
    at: Instant
    kind: str
    detail: str


class ChangePart(Part):
    """Something that was decided otherwise from one complete run to the next."""

    at: Instant
    run: str
    previous_run: str
    kind: str
    subject: str
    what: str
    before: str
    after: str
    effect: Effect


class NoEvidencePart(Part):
    """A stretch of time without a run that judged the control."""

    since: Instant
    until: Instant
    allowed: Duration
    runs: tuple[str, ...]


class IncompletePart(Part):
    """A reason why the evidence over a control is not whole."""

    kind: Literal["no_evidence", "too_few_runs", "undecided", "not_judged", "not_tested"]
    detail: str
    since: Instant
    last: Instant
    runs: Count


class PointPart(Part):
    """A control in one run."""

    run: str
    now: Instant
    status: ControlStatus
    counts: Counts


class ItemPart(Part):
    """A resource that came, went, or has another's name."""

    target: str
    resource: str
    uid: str
    at: Instant
    before: str


class PopulationPart(Part):
    """The resources that a check judged, from run to run."""

    first: Count
    last: Count
    least: Count
    most: Count
    added: tuple[ItemPart, ...]
    vanished: tuple[ItemPart, ...]
    recreated: tuple[ItemPart, ...]


class CheckPart(Part):
    """A test that was done."""

    id: str
    title: str
    catalogue: str
    resource_type: str
    query: str
    verify_by_hand: str
    runs: Count
    first_run_at: Instant | None
    last_run_at: Instant | None
    counts: Counts
    items: Count
    failed: Count
    not_tested: tuple[str, ...]
    population: PopulationPart


class EvidencePart(Part):
    """What was read of a resource type of a target: how often, the first and the last."""

    target: str
    resource_type: str
    readings: Count
    incomplete: Count
    first_run: str
    first_digest: MaybeSha256
    first_items: Count
    last_run: str
    last_digest: MaybeSha256
    last_items: Count


class ControlPart(Part):
    """A control over the period; no word of opinion."""

    id: str
    title: str
    statement: str
    owner: str
    frequency: str
    nature: str
    execution: str
    every: Duration
    gap_tolerance: Duration
    state: PeriodState
    summary: str
    runs_expected: Count
    runs_done: Count
    items: Count
    deviating: Count
    judgements: Count
    failing_judgements: Count
    runs_with_deviations: Count
    undecided: Count
    waived: Count
    gaps: tuple[NoEvidencePart, ...]
    incomplete: tuple[IncompletePart, ...]
    mappings: tuple[str, ...]
    series: tuple[PointPart, ...]
    checks: tuple[CheckPart, ...]
    evidence: tuple[EvidencePart, ...]


class ResponsePart(Part):
    """What management says of a finding; its words."""

    about: str
    cause: str
    response: str
    by: str
    at: Instant
    file: str


class FindingPart(Part):
    """One stretch of time in which a finding failed."""

    fingerprint: Fingerprint
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
    first_seen: Instant
    first_run: str
    last_seen: Instant
    last_run: str
    closing: Closing
    closed_at: Instant | None
    closing_run: str
    closing_detail: str
    duration: Duration
    target_time: Duration | None
    late: bool
    runs: Count
    undecided_runs: Count
    successor: str
    evidence: MaybeSha256
    pointer: str
    closing_evidence: MaybeSha256
    responses: tuple[ResponsePart, ...]


class StatesPart(Part):
    """Ids of controls by state; every state is there."""

    no_deviations: tuple[str, ...]
    deviations: tuple[str, ...]
    not_operated: tuple[str, ...]
    not_tested: tuple[str, ...]
    incomplete: tuple[str, ...]


class RequirementPart(Part):
    """What was tested for a requirement. There is no field that says it is met."""

    framework: str
    id: str
    title: str
    evidence: RequirementKind
    controls: tuple[str, ...]
    unmapped: tuple[str, ...]
    by_state: StatesPart
    items: Count
    deviating: Count


class CoveredPart(Part):
    """An item that a waiver covered, and whether it failed after."""

    finding: str
    fingerprint: Fingerprint
    first_at: Instant
    last_at: Instant
    failed_after: Instant | None


class WaiverPart(Part):
    """A waiver over the period; `signature` is `valid`, or why it does not count."""

    id: str
    check: str
    match: str
    environments: tuple[str, ...]
    reason: str
    risk: str
    compensating: tuple[str, ...]
    requested_by: str
    approved_by: str
    approved_at: Instant
    expires: Instant
    max_items: Count
    signature: str
    in_force_since: Instant | None
    in_force_until: Instant | None
    expired: bool
    failing_after: Count
    refused: tuple[str, ...]
    items: tuple[CoveredPart, ...]


class AttestationPart(Part):
    """An attestation that the log took note of within the period."""

    index: Count
    at: Instant
    fields: dict[str, Any]


class UnreadPart(Part):
    """What was not read and why, in runs that follow each other."""

    target: str
    resource_type: str
    subject: str
    cause: Cause
    action: str
    detail: str
    hint: str
    first_at: Instant
    last_at: Instant
    runs: Count


class PeriodDocument(Part):
    """A period, complete: the JSON result of `auditor report --period`."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="period-1")

    schema_: Literal["period-1"] = Field(alias="schema")
    tool: str
    organisation: str
    period: BoundsPart
    frameworks: tuple[FrameworkPart, ...]
    asked_frameworks: tuple[str, ...]
    log: LogPart
    baseline: BaselinePart | None
    remediation: dict[Severity, Duration]
    facts: dict[str, Count]
    problems: tuple[ProblemPart, ...]
    changes: tuple[ChangePart, ...]
    requirements: tuple[RequirementPart, ...]
    controls: tuple[ControlPart, ...]
    findings: tuple[FindingPart, ...]
    waivers: tuple[WaiverPart, ...]
    attestations: tuple[AttestationPart, ...]
    coverage: tuple[UnreadPart, ...]
    runs: tuple[RunPart, ...]
    events: tuple[EventPart, ...]
    responses: tuple[ResponsePart, ...]
    unmatched_responses: tuple[str, ...]
