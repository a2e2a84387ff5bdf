"""A run as its readers see it: everything that a report may say, and nothing else.

Reports are rendered from this alone. It is made from recorded data only (policy, observations,
verdicts, log), so that a report can be made again, by somebody else, without any access.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.finding import Finding
from auditor.core.model.framework import Framework
from auditor.core.model.observation import Gap
from auditor.core.model.status import Outcome
from auditor.core.model.target import Target
from auditor.core.model.waiver import SignedWaiver
from auditor.core.rollup import ControlResult, RequirementResult
from auditor.core.times import format_instant

SCHEMA = "assessment-1"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for one resource type of one target, without the resources themselves.

    Args:
        digest: Of the evidence document (`sha256:...`).
        items, calls: Resources read, requests made.
        derived_only: What was read and how, where only what was computed from it was kept.
    """

    target: str
    resource_type: str
    title: str
    identity: str
    read_at: datetime
    as_of: datetime
    items: int
    calls: int
    digest: str
    gaps: tuple[Gap, ...]
    derived_only: str = ""

    def to_json(self) -> dict[str, object]:
        """The reading in `assessment-1`."""
        return {
            "target": self.target,
            "resource_type": self.resource_type,
            "identity": self.identity,
            "read_at": format_instant(self.read_at),
            "as_of": format_instant(self.as_of),
            "items": self.items,
            "calls": self.calls,
            "digest": self.digest,
            "gaps": [gap.to_json() for gap in self.gaps],
            **({"derived_only": self.derived_only} if self.derived_only else {}),
        }


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where the run stands in the log.

    Args:
        origin, size, root: The checkpoint: name of the log, number of entries, root (base64).
        first, last: Indexes of the run's own entries.
        statement: Digest of the signed statement, "" before it is made.
        signer: Key id of the statement's key.
        timestamped: True when a time-stamp of another party is with the statement.
    """

    origin: str
    size: int
    root: str
    first: int
    last: int
    statement: str = ""
    signer: str = ""
    timestamped: bool = False

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "first": self.first,
            "last": self.last,
            "statement": self.statement,
            "signer": self.signer,
            "timestamped": self.timestamped,
        }


@dataclass(frozen=True, slots=True)
class Assessment:
    """One run, complete.

    Args:
        tool, engine: Name and version of this program and of the expression engine.
        frameworks: Those that the run was made for.
        controls, requirements: The roll-ups, in order of id.
        findings: In order of id.
        readings: Everything that was read or could not be, in order of target and type.
        log: Where it is recorded; None for a run that was not recorded.
    """

    run: str
    now: datetime
    finished_at: datetime
    organisation: str
    tool: str
    engine: str
    outcome: Outcome
    counts: Mapping[str, int]
    targets: tuple[Target, ...]
    frameworks: tuple[Framework, ...]
    controls: tuple[ControlResult, ...]
    requirements: tuple[RequirementResult, ...]
    findings: tuple[Finding, ...]
    not_tested: tuple[NotTested, ...]
    readings: tuple[Reading, ...]
    waivers: tuple[SignedWaiver, ...]
    policy_digest: str
    verdicts_digest: str
    log: LogHead | None = None

    def observation_of(self, finding: Finding) -> str:
        """Digest of the evidence document behind a finding; "" where nothing was read."""
        for reading in self.readings:
            if (reading.target, reading.resource_type) == (finding.target, finding.resource_type):
                return reading.digest
        return ""

    def finding_documents(self) -> Iterator[dict[str, object]]:
        """The findings as `assessment-1` has them: each with the digest of its evidence."""
        digests = {(r.target, r.resource_type): r.digest for r in self.readings}
        for finding in self.findings:
            digest = digests.get((finding.target, finding.resource_type), "")
            yield finding.to_json() | {"observation": digest}

    def to_json(self) -> dict[str, object]:
        """The document of schema `assessment-1`, sorted and stable."""
        return {
            "schema": SCHEMA,
            "tool": self.tool,
            "engine": self.engine,
            "organisation": self.organisation,
            "run": self.run,
            "now": format_instant(self.now),
            "finished_at": format_instant(self.finished_at),
            "outcome": self.outcome.value,
            "counts": dict(self.counts),
            "targets": [
                {
                    "name": t.name,
                    "kind": t.kind,
                    "environment": t.environment,
                    "declared": t.declared,
                }
                for t in self.targets
            ],
            "frameworks": [framework.id for framework in self.frameworks],
            "controls": [control.to_json() for control in self.controls],
            "requirements": [requirement.to_json() for requirement in self.requirements],
            "findings": list(self.finding_documents()),
            "coverage": {
                "not_tested": [item.to_json() for item in self.not_tested],
                "readings": [reading.to_json() for reading in self.readings],
            },
            "waivers": [
                {
                    "id": signed.waiver.id,
                    "check": signed.waiver.check,
                    "expires": format_instant(signed.waiver.expires),
                    "approved_by": signed.waiver.approved_by,
                    "signature": signed.signature,
                }
                for signed in self.waivers
            ],
            "policy": self.policy_digest,
            "verdicts": self.verdicts_digest,
            "ledger": self.log.to_json() if self.log else None,
        }
