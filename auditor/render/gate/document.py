"""The JSON documents `gate-1` and `diff-1` as models: for their schemas, and for who reads them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditor.core.diff.model import ChangeKind
from auditor.core.model.period_report import Effect
from auditor.core.model.status import Severity, Status
from auditor.core.times import Instant
from auditor.render.assessment_document import Part

StatusOrAbsent = Status | Literal["absent"]


class RunPart(Part):
    """A run."""

    run: str
    now: Instant


class BaselinePart(RunPart):
    """The run that was compared with, as it was asked for, and whose trust policy verified it."""

    source: str
    trust: str
    warnings: list[str]


class RefusedPart(Part):
    """Why nothing was compared."""

    source: str
    at: str
    message: str
    hint: str


class ReasonPart(Part):
    """What closes the gate, with its exit code; with code 0, what an option let through."""

    code: int
    text: str


class CoveragePart(Part):
    """Findings that were judged, of all that there are."""

    judged: int
    total: int
    percent: int
    minimum: int | None


class ChangePart(Part):
    """One check on one resource; `was` and `now` are statuses, or `absent`."""

    kind: ChangeKind
    id: str
    fingerprint: str
    control: str
    check: str
    target: str
    environment: str
    resource: str
    severity: Severity
    was: StatusOrAbsent
    now: StatusOrAbsent
    why: str
    reason: str
    cause: str
    waiver: str


class GateChangePart(ChangePart):
    """The same, and whether the gate takes it for a new failure or for lost."""

    new_failure: bool
    lost: bool


class PolicyPart(Part):
    """One difference of the policies."""

    kind: str
    subject: str
    what: str
    before: str
    after: str
    effect: Effect


class FlipPart(Part):
    """A finding of the baseline that the new policy alone turns."""

    id: str
    fingerprint: str
    was: Status
    now: StatusOrAbsent


class WeakeningPart(Part):
    """A part of the policy that demands less; `digest` is what an approval names."""

    part: str
    digest: str
    changes: list[PolicyPart]
    flips: list[FlipPart]
    approved_by: str
    refused: str


class ReplayPart(Part):
    """Controls that were judged again on the baseline's evidence, and what that turned."""

    controls: list[str]
    flips: list[FlipPart]
    undecided: list[str]


class GateDocument(Part):
    """What `auditor gate --format json` prints; `refused` where nothing was compared."""

    schema_: Literal["gate-1"] = Field(alias="schema")
    run: RunPart | None
    baseline: BaselinePart | None
    refused: RefusedPart | None
    exit_code: int
    reasons: list[ReasonPart]
    rules: list[str]
    scope: list[str]
    declared: list[str]
    counts: dict[str, int]
    coverage: CoveragePart | None
    changes: list[GateChangePart]
    policy: list[PolicyPart]
    weakenings: list[WeakeningPart]
    replay: ReplayPart | None


class DiffDocument(Part):
    """What `auditor diff --format json` prints; unchanged findings are only counted."""

    schema_: Literal["diff-1"] = Field(alias="schema")
    before: RunPart
    after: RunPart
    counts: dict[ChangeKind, int]
    changes: list[ChangePart]
    policy: list[PolicyPart]
