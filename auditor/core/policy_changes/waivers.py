"""What is otherwise among the waivers: added, withdrawn, narrower or wider.

A waiver widens when it lasts longer, covers more items or environments, or begins to count; another
`match` may do either, so its effect is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.core.model.period_report import Effect
from auditor.core.model.waiver import SignedWaiver
from auditor.core.policy_changes.delta import Delta
from auditor.core.times import format_instant


def waiver_changes(
    before: Sequence[SignedWaiver], after: Sequence[SignedWaiver]
) -> Iterator[Delta]:
    """Every difference of two sets of waivers, by id."""
    old = {signed.waiver.id: signed for signed in before}
    new = {signed.waiver.id: signed for signed in after}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if now is None and was is not None:
            yield Delta("waiver", name, "withdrawn", _waiver(was), "", Effect.TIGHTENS)
        elif was is None and now is not None:
            effect = Effect.LOOSENS if _counts(now) else Effect.NEUTRAL
            yield Delta("waiver", name, "added", "", _waiver(now), effect)
        elif was is not None and now is not None and _said(was) != _said(now):
            yield Delta("waiver", name, "changed", _waiver(was), _waiver(now), _effect(was, now))


def _said(signed: SignedWaiver) -> tuple[object, str]:
    return signed.waiver, signed.signature


def _counts(signed: SignedWaiver) -> bool:
    return signed.signature == "valid"


def _effect(was: SignedWaiver, now: SignedWaiver) -> Effect:
    """Wider in any way loosens, whatever is narrower besides."""
    if not _counts(now):
        return Effect.TIGHTENS if _counts(was) else Effect.NEUTRAL
    if not _counts(was) or _is_wider(was, now):
        return Effect.LOOSENS
    same = (was.waiver.check, was.waiver.match) == (now.waiver.check, now.waiver.match)
    if not same:
        return Effect.UNKNOWN
    return Effect.TIGHTENS if _is_wider(now, was) else Effect.NEUTRAL


def _is_wider(one: SignedWaiver, other: SignedWaiver) -> bool:
    """Whether `other` reaches further than `one` in time, number or environments."""
    return (
        other.waiver.expires > one.waiver.expires
        or other.waiver.max_items > one.waiver.max_items
        or not set(other.waiver.environments) <= set(one.waiver.environments)
    )


def _waiver(signed: SignedWaiver) -> str:
    waiver = signed.waiver
    return (
        f"{waiver.check} where {waiver.match}, at most {waiver.max_items}, until"
        f" {format_instant(waiver.expires)}, by {waiver.approved_by}, signature {signed.signature}"
    )
