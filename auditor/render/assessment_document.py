"""The shape of `assessment-1`, for whoever reads the JSON: the mirror of `Assessment.to_json`.

`schemas/assessment-1.json` is generated from it. A field that is added to the assessment and not
here fails the tests, because nothing unknown is accepted.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from auditor.core.model.status import Cause, ControlStatus, Outcome, Severity, Status
from auditor.core.times import Instant

Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
MaybeSha256 = Annotated[
    str,
    StringConstraints(pattern=r"^(sha256:[0-9a-f]{64})?$"),
    Field(description='"" where there is none'),
]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """Frozen, and nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Counts(Part):
    """Findings by status; every status is there, also with 0."""

    passed: Count = Field(alias="pass")
    fail: Count
    error: Count
    not_applicable: Count
    waived: Count
    manual: Count


class TargetPart(Part):
    """A system that was looked at."""

    name: str
    kind: str
    environment: str
    declared: bool


class NotTestedPart(Part):
    """A selected check that nothing judged, and why."""

    control: str
    check: str
    reason: str


class ControlPart(Part):
    """A control with the roll-up of its findings."""

    id: str
    title: str
    owner: str
    status: ControlStatus
    severity: Severity
    counts: Counts
    not_tested: tuple[NotTestedPart, ...]


class RequirementPart(Part):
    """What was done about one requirement. There is no field that says it is met."""

    framework: str
    id: str
    title: str
    evidence: Literal["auto", "hybrid", "attest"]
    controls: tuple[str, ...]
    tested: tuple[str, ...]
    not_applicable: tuple[str, ...]
    not_tested: tuple[str, ...]
    deviations: Count
    undecided: Count
    waived: Count


class AssertionPart(Part):
    """What one assertion evaluated to."""

    id: str
    truth: Literal["true", "false", "undecided"]
    severity: Severity
    detail: str = ""


class FindingPart(Part):
    """One check on one resource. Optional fields are absent where they are empty."""

    id: str
    control: str
    check: str
    target: str
    environment: str
    resource_type: str
    resource: str
    status: Status
    severity: Severity
    fingerprint: Fingerprint
    observation: MaybeSha256
    uid: str = ""
    reason: str = ""
    cause: Cause | None = None
    action: str = ""
    hint: str = ""
    assertions: tuple[AssertionPart, ...] = ()
    pointer: str = ""
    waiver: str = ""


class GapPart(Part):
    """Something that should have been read and was not."""

    cause: Cause
    detail: str
    subject: str = ""
    action: str = ""
    hint: str = ""


class ReadingPart(Part):
    """What was read for one resource type of one target."""

    target: str
    resource_type: str
    identity: str
    read_at: Instant
    as_of: Instant
    items: Count
    calls: Count
    digest: MaybeSha256
    gaps: tuple[GapPart, ...]
    derived_only: str = ""


class CoveragePart(Part):
    """What was read, and what was not tested."""

    not_tested: tuple[NotTestedPart, ...]
    readings: tuple[ReadingPart, ...]


class WaiverPart(Part):
    """A waiver that was in force or offered; `signature` is `valid`, or why it does not count."""

    id: str
    check: str
    expires: Instant
    approved_by: str
    signature: str


class LedgerPart(Part):
    """Where the run stands in the log."""

    origin: str
    size: Count
    root: str
    first: Count
    last: Count
    statement: MaybeSha256
    signer: str
    timestamped: bool


class AssessmentDocument(Part):
    """One run, complete: the JSON result of `auditor scan` and `auditor report`."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="assessment-1")

    schema_: Literal["assessment-1"] = Field(alias="schema")
    tool: str
    engine: str
    organisation: str
    run: str
    now: Instant
    finished_at: Instant
    outcome: Outcome
    counts: Counts
    targets: tuple[TargetPart, ...]
    frameworks: tuple[str, ...]
    controls: tuple[ControlPart, ...]
    requirements: tuple[RequirementPart, ...]
    findings: tuple[FindingPart, ...]
    coverage: CoveragePart
    waivers: tuple[WaiverPart, ...]
    policy: str
    verdicts: str
    ledger: LedgerPart | None
