"""Changed controls judged on the evidence of an earlier run: what the policy alone turns.

The evidence, the targets, the waivers and the moment are those of the earlier run; only the
controls and their parameters are the new ones. So whatever is otherwise comes from the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from auditor.core.diff.compare import key_of, unread_places
from auditor.core.evaluate import Judgement
from auditor.core.model.finding import Finding
from auditor.core.model.period_report import Effect
from auditor.core.model.policy import Policy
from auditor.core.model.status import Status
from auditor.core.policy_changes.delta import Delta

_STANDING = (Status.FAIL, Status.WAIVED)
_KINDS = frozenset({"check", "parameter"})


@dataclass(frozen=True, slots=True)
class Flip:
    """A finding of the earlier run, and what the new controls make of the same evidence.

    Args:
        now: A status, or "absent".
    """

    finding: Finding
    now: str

    def to_json(self) -> dict[str, object]:
        """The flip in `gate-1`."""
        return {
            "id": self.finding.id,
            "fingerprint": self.finding.fingerprint,
            "was": self.finding.status.value,
            "now": self.now,
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it.

    Args:
        controls: Ids of the controls that were judged again.
        flips: What stood and would not, or was judged and would not be; the policy's doing.
        undecided: Controls that the old evidence does not suffice for.
    """

    controls: tuple[str, ...]
    flips: tuple[Flip, ...]
    undecided: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The replay in `gate-1`."""
        return {
            "controls": list(self.controls),
            "flips": [flip.to_json() for flip in self.flips],
            "undecided": list(self.undecided),
        }


def changed_controls(deltas: Sequence[Delta], before: Policy, after: Policy) -> tuple[str, ...]:
    """Controls of both policies whose checks or parameters are not the same."""
    both = {c.id for c in before.controls} & {c.id for c in after.controls}
    touched = {
        delta.subject.partition("/")[0].partition(".")[0]
        for delta in deltas
        if delta.kind in _KINDS and delta.effect is not Effect.NEUTRAL
    }
    return tuple(sorted(both & touched))


def replay_policy(before: Policy, after: Policy, controls: Collection[str]) -> Policy:
    """The earlier policy with these controls and their parameters as they are now."""
    own = {
        environment: {name: values for name, values in by_control.items() if name in controls}
        for environment, by_control in after.overrides.items()
    }
    return replace(
        before,
        controls=tuple(control for control in after.controls if control.id in controls),
        overrides=own,
        resource_types={**after.resource_types, **before.resource_types},
        kinds={**after.kinds, **before.kinds},
    )


def replay(
    before: Policy,
    after: Policy,
    findings: Sequence[Finding],
    deltas: Sequence[Delta],
    judge: Callable[[Policy], Judgement],
) -> Replay:
    """Judge the changed controls on the recorded evidence.

    Args:
        findings: Of the earlier run.
        judge: Judges its evidence, at its moment, by another policy.
    """
    controls = changed_controls(deltas, before, after)
    if not controls:
        return Replay((), (), ())
    again = judge(replay_policy(before, after, controls)).findings
    now = {key_of(finding): finding for finding in again}
    unread = set(unread_places(again))
    flips, undecided = [], set()
    for finding in findings:
        if finding.control not in controls:
            continue
        other = now.get(key_of(finding))
        place = (finding.control, finding.check, finding.target)
        if other is None and place in unread:
            undecided.add(finding.control)
        elif other is not None and other.status in (Status.ERROR, Status.MANUAL):
            if finding.status is not other.status:
                undecided.add(finding.control)
        elif _turns(finding.status, other):
            flips.append(Flip(finding, other.status.value if other else "absent"))
    return Replay(controls, tuple(flips), tuple(sorted(undecided)))


def _turns(was: Status, now: Finding | None) -> bool:
    """Whether what stood does not stand any more, or what was judged is not judged."""
    if was in _STANDING:
        return now is None or now.status not in _STANDING
    gone = now is None or now.status is Status.NOT_APPLICABLE
    return was is Status.PASS and gone
