"""What the log says of a run, made from its policy, plan and evidence.

Scanning writes these entries; verifying makes them again and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from auditor.core.canonical import canonical
from auditor.core.evaluate.plan import Plan
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause
from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import Collect


@dataclass(frozen=True, slots=True)
class RecordedObservation:
    """An observation as it is judged, and where its parts are kept.

    Args:
        observation: With every field that is disclosed.
        blob: The evidence document; in it, digests stand for the personal fields.
        redacted: Names of those fields, sorted.
        disclosures: Their values and salts, None where there are none.
    """

    observation: Observation
    blob: BlobRef
    redacted: tuple[str, ...] = ()
    disclosures: BlobRef | None = None


def recorded_form(document: dict[str, object]) -> tuple[bytes, dict[str, object]]:
    """The canonical bytes of a document, and what reading them gives: other orders of keys."""
    data = canonical(document)
    return data, orjson.loads(data)


def scope_of(policy: Policy, plan: Plan) -> dict[str, object]:
    """What a run will look at, as its `run.start` states it."""
    return {
        "targets": [target.name for target in policy.targets],
        "requests": plan.requests(),
        "checks": len(plan.checks),
    }


def collect_entry(run: str, recorded: RecordedObservation) -> Collect:
    """The `collect` entry of one observation."""
    observation = recorded.observation
    truncated = any(gap.cause is Cause.TRUNCATED for gap in observation.gaps)
    return Collect(
        run=run,
        target=observation.target,
        resource_type=observation.resource_type,
        identity=observation.identity,
        complete=observation.complete,
        items=len(observation.resources),
        pages_complete=not truncated and not any(call.more for call in observation.calls),
        started_at=observation.started_at,
        read_at=observation.read_at,
        blob=recorded.blob,
        redacted=list(recorded.redacted),
        disclosures=recorded.disclosures,
    )
