"""What a changed policy asks less of, in parts that can be approved one by one.

A part is a control, a target, a framework, ...; its digest is over every difference of it and over
the whole of it before and after, so that an approval is of exactly this change and of no other.
Waivers are no part of it: each carries its approver's signature itself. Neither is the program,
whose verdicts verification has made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.core.canonical import canonical, digest
from auditor.core.diff.model import delta_document
from auditor.core.diff.replay import Flip, Replay
from auditor.core.model.period_report import Effect
from auditor.core.model.policy import Policy
from auditor.core.policy_changes.delta import Delta

SCHEMA = "policy-change-1"
_OF_A_CONTROL = frozenset({"control", "check", "parameter", "mapping", "ownership"})
_NO_PART = frozenset({"waiver", "program", "engine"})
_WEAK = frozenset({Effect.LOOSENS, Effect.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Weakening:
    """A part of the policy that demands less, or may.

    Args:
        part: `control x`, `target y`.
        digest: Of the change; what an approval names.
        deltas: Those that loosen, or that may.
        flips: Findings of the base run that the change alone turns.
        approval: Who approved it; "" where nobody did.
        refused: Why an approval of it does not count; "" without one.
    """

    part: str
    digest: str
    deltas: tuple[Delta, ...]
    flips: tuple[Flip, ...] = ()
    approval: str = ""
    refused: str = ""

    def to_json(self) -> dict[str, object]:
        """The weakening in `gate-1`."""
        return {
            "part": self.part,
            "digest": self.digest,
            "changes": [delta_document(delta) for delta in self.deltas],
            "flips": [flip.to_json() for flip in self.flips],
            "approved_by": self.approval,
            "refused": self.refused,
        }


def part_of(delta: Delta) -> str:
    """The part of the policy that a difference belongs to."""
    if delta.kind in _OF_A_CONTROL:
        return f"control {delta.subject.partition('/')[0].partition('.')[0]}"
    return f"{delta.kind} {delta.subject}"


def weakenings(
    deltas: Sequence[Delta], before: Policy, after: Policy, replay: Replay | None
) -> tuple[Weakening, ...]:
    """The parts that demand less, or may, in order.

    Args:
        replay: The new controls judged on the old evidence; it adds what they turn. It acquits
            nothing: evidence in which all is well cannot tell a rewritten assertion from `true`.
    """
    parts: dict[str, list[Delta]] = {}
    for delta in deltas:
        if delta.kind not in _NO_PART:
            parts.setdefault(part_of(delta), []).append(delta)
    flips: dict[str, list[Flip]] = {}
    for flip in replay.flips if replay else ():
        flips.setdefault(f"control {flip.finding.control}", []).append(flip)
    documents = _documents(before), _documents(after)
    found = []
    for part, own in sorted(parts.items()):
        weak = tuple(delta for delta in own if delta.effect in _WEAK)
        if weak or flips.get(part):
            value = _digest(part, own, documents)
            found.append(Weakening(part, value, weak or tuple(own), tuple(flips.get(part, ()))))
    return tuple(found)


def _documents(policy: Policy) -> Mapping[str, object]:
    """Parts as they are whole: a difference of two frameworks says no more than their versions."""
    document: Mapping[str, list[dict[str, object]]] = policy.to_json()  # type: ignore[assignment]
    parts: dict[str, object] = {
        f"{kind} {member[name]}": member
        for kind, name in (("control", "id"), ("framework", "id"), ("target", "name"))
        for member in document[f"{kind}s"]
    }
    scope = {name: document[name] for name in ("environments", "overrides")}
    return parts | {"scope environments": scope}


def _digest(
    part: str,
    deltas: Iterable[Delta],
    documents: tuple[Mapping[str, object], Mapping[str, object]],
) -> str:
    whole = [digest(canonical(side[part])) if part in side else "" for side in documents]
    changes = sorted(
        (delta_document(delta) for delta in deltas),
        key=lambda d: (d["kind"], d["subject"], d["what"]),
    )
    return digest(canonical({"schema": SCHEMA, "part": part, "whole": whole, "changes": changes}))
