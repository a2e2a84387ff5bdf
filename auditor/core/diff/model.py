"""What a comparison of two runs says: each finding that is otherwise, and each change of policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.finding import Finding
from auditor.core.model.policy import Policy
from auditor.core.model.status import Status
from auditor.core.policy_changes.delta import Delta
from auditor.core.times import format_instant

UNJUDGED = frozenset({Status.ERROR, Status.MANUAL})


class ChangeKind(StrEnum):
    """What became of one check on one resource.

    `incomparable`: one of the runs could not judge it, or judged it by another policy. `vanished`:
    the whole population was read, and the resource is not in it. `recreated`: the same name, and
    another uid. `appeared`: there for the first time, and not failing. `changed`: neither better
    nor worse (waived now, not applicable now).
    """

    NEW = "new"
    FIXED = "fixed"
    UNCHANGED = "unchanged"
    INCOMPARABLE = "incomparable"
    VANISHED = "vanished"
    RECREATED = "recreated"
    APPEARED = "appeared"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs."""

    run: str
    now: datetime
    policy: Policy
    findings: tuple[Finding, ...]
    not_tested: tuple[NotTested, ...] = ()

    def reference(self) -> dict[str, object]:
        """Which run it is, as documents name it."""
        return {"run": self.run, "now": format_instant(self.now)}


@dataclass(frozen=True, slots=True)
class FindingChange:
    """One check on one resource, before and after; at least one of them is there.

    Args:
        why: What makes it this kind, for people; "" where the statuses say it.
        removed_by: The part of the policy (`control x`, `target y`) whose change left it unjudged.
    """

    kind: ChangeKind
    before: Finding | None
    after: Finding | None
    why: str = ""
    removed_by: str = ""

    @property
    def finding(self) -> Finding:
        """The newer of the two."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - the class's own invariant
        return found

    @property
    def was(self) -> str:
        """The status before; "absent" without one."""
        return self.before.status.value if self.before else "absent"

    @property
    def now(self) -> str:
        """The status after; "absent" without one."""
        return self.after.status.value if self.after else "absent"

    @property
    def is_new_failure(self) -> bool:
        """It fails, and did not; whatever keeps the two from being comparable excuses nothing."""
        if self.after is None or self.after.status is not Status.FAIL:
            return False
        failed = self.before is not None and self.before.status is Status.FAIL
        return not failed or self.kind in (ChangeKind.NEW, ChangeKind.RECREATED)

    @property
    def is_lost(self) -> bool:
        """It was judged before, and is not any more."""
        if self.before is None or self.before.status in UNJUDGED:
            return False
        if self.after is None:
            return self.kind is ChangeKind.INCOMPARABLE
        return self.after.status in UNJUDGED

    @property
    def order(self) -> tuple[object, ...]:
        """The worst first, then by id."""
        return (self.finding.severity.rank, *self.finding.order)

    def to_json(self) -> dict[str, object]:
        """The change in `diff-1` and `gate-1`."""
        finding = self.finding
        return {
            "kind": self.kind.value,
            "id": finding.id,
            "fingerprint": finding.fingerprint,
            "control": finding.control,
            "check": finding.check,
            "target": finding.target,
            "environment": finding.environment,
            "resource": finding.key,
            "severity": finding.severity.value,
            "was": self.was,
            "now": self.now,
            "why": self.why,
            "reason": finding.reason if self.after else "",
            "cause": finding.cause.value if finding.cause and self.after else "",
            "waiver": finding.waiver,
        }


@dataclass(frozen=True, slots=True)
class RunDiff:
    """The comparison.

    Args:
        changes: Everything but what is unchanged, the worst first.
        counts: Findings by kind of change; every kind is there.
        policy: Every difference of the policies.
    """

    before: Side
    after: Side
    changes: tuple[FindingChange, ...]
    counts: Mapping[str, int]
    policy: tuple[Delta, ...]

    def of(self, kind: ChangeKind) -> tuple[FindingChange, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    def to_json(self) -> dict[str, object]:
        """The document of schema `diff-1`, sorted and stable."""
        return {
            "schema": "diff-1",
            "before": self.before.reference(),
            "after": self.after.reference(),
            "counts": dict(self.counts),
            "changes": [change.to_json() for change in self.changes],
            "policy": [delta_document(delta) for delta in self.policy],
        }


def delta_document(delta: Delta) -> dict[str, object]:
    """A change of the policy in `diff-1` and `gate-1`."""
    return {
        "kind": delta.kind,
        "subject": delta.subject,
        "what": delta.what,
        "before": delta.before,
        "after": delta.after,
        "effect": delta.effect.value,
    }
