"""Which failing findings a waiver covers, and why a waiver is refused.

Fail closed: a waiver counts only if every condition holds, and a refused one is named on the
finding that it would have covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from auditor.core.evaluate.judge import Judged
from auditor.core.model.control import Control
from auditor.core.model.policy import Policy
from auditor.core.model.status import Cause, Status
from auditor.core.model.waiver import MAX_LIFETIME, SignedWaiver
from auditor.core.times import format_instant


def refusal(signed: SignedWaiver, policy: Policy, control: Control, now: datetime) -> str:
    """Why the waiver does not count at all; "" when it does."""
    waiver = signed.waiver
    role = control.owner.role
    owners = {_same(name) for name in (role, *policy.owners.get(role, ()))}
    approver = _same(waiver.approved_by)
    reasons = {
        f"its signature does not count: {signed.signature}": signed.signature != "valid",
        f"it expired at {format_instant(waiver.expires)}": now >= waiver.expires,
        f"it is approved only from {format_instant(waiver.approved_at)}": now < waiver.approved_at,
        "its approver requested it": approver == _same(waiver.requested_by),
        "its approver owns the control": approver in owners,
        "it lasts longer than 180 days": waiver.expires - waiver.approved_at > MAX_LIFETIME,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, or one role."""
    return _same(one) == _same(other)


def _same(name: str) -> str:
    """A name as it is compared: another case or a space does not make another person."""
    return " ".join(name.casefold().split())


def apply_waivers(
    judged: Sequence[Judged],
    waivers: Sequence[SignedWaiver],
    policy: Policy,
    control: Control,
    now: datetime,
) -> None:
    """Turn covered failures to waived, and note refused waivers on the others.

    Args:
        judged: All resources of one check over all targets; their findings are replaced.
        waivers: Those of this check.
    """
    for signed in waivers:
        waiver = signed.waiver
        matched = [item for item in judged if item.waivers.get(waiver.id) is True]
        reason = refusal(signed, policy, control, now)
        if not reason and len(matched) > waiver.max_items:
            reason = f"it matches {len(matched)} resources and was approved for {waiver.max_items}"
        for item in judged:
            if item.finding.status is Status.FAIL:
                _apply(item, signed, reason)


def _apply(item: Judged, signed: SignedWaiver, reason: str) -> None:
    waiver, finding = signed.waiver, item.finding
    matches = item.waivers.get(waiver.id, False)
    if matches is False:
        return
    if matches is not True:
        reason = f"its match could not be decided: {matches}"
    elif not reason and finding.environment not in waiver.environments:
        reason = f"it is for {', '.join(waiver.environments)}, not {finding.environment}"
    if reason:
        text = f"{finding.reason} [waiver {waiver.id} not honoured: {reason}]"
        item.finding = replace(finding, reason=text, waiver=waiver.id)
        return
    text = f"{finding.reason} [waiver {waiver.id} until {format_instant(waiver.expires)}]"
    undecided = any(result.truth == "undecided" for result in finding.assertions)
    # What was not decided is not covered: nobody approved it.
    item.finding = replace(
        finding,
        status=Status.ERROR if undecided else Status.WAIVED,
        cause=Cause.INCOMPLETE if undecided else None,
        reason=text,
        waiver=waiver.id,
    )
