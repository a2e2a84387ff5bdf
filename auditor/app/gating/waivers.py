"""Waivers of the gated run, held against the baseline's trust: the change does not choose who may.

A waiver that the run honoured and that the base's approvers did not sign, or that an author of the
change approved, waives nothing here: what it covers fails again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from auditor.app.gating.trusting import Trusted
from auditor.app.waivers import check_recorded_waiver
from auditor.attest.detached import verify_file
from auditor.core.diff.model import Side
from auditor.core.evaluate.waivers import refusal, same_person
from auditor.core.model.finding import Finding
from auditor.core.model.policy import Policy
from auditor.core.model.status import Status
from auditor.core.model.waiver import SignedWaiver
from auditor.errors import AuditorError


def is_author(name: str, authors: Collection[str], policy: Policy) -> bool:
    """Whether a person, under this name or as the owner of this role, is among the authors."""
    names = (name, *policy.owners.get(name, ()))
    return any(same_person(one, author) for one in names for author in authors)


def held_against(side: Side, base: Policy, trusted: Trusted, authors: Collection[str]) -> Side:
    """The run as it is when only waivers count that the baseline's trust bears out."""
    checked = tuple(
        replace(signed, signature=_signature(signed, side, base, trusted, authors))
        for signed in side.policy.waivers
    )
    refused = {one.waiver.id: one.signature for one in checked if one.signature != "valid"}
    findings = tuple(_demoted(finding, refused) for finding in side.findings)
    return replace(side, policy=replace(side.policy, waivers=checked), findings=findings)


def _signature(
    signed: SignedWaiver, side: Side, base: Policy, trusted: Trusted, authors: Collection[str]
) -> str:
    """What the signature turns out to be; a waiver that the baseline had counted then as well."""
    if signed.signature != "valid" or signed in base.waivers:
        return signed.signature
    waiver = signed.waiver
    try:
        check_recorded_waiver(signed, trusted.policy.approvers)
        # It is new: when its approver says to have signed it proves nothing of a retired key.
        verify_file(signed.text.encode(), signed.sidecar, trusted.policy.approvers, at=side.now)
    except AuditorError as error:
        return f"the trust policy of the baseline does not bear it out: {error.message}"
    if is_author(waiver.approved_by, authors, base):
        return f"{waiver.approved_by} is an author of the change"
    return _refused(signed, side, base, side.now) or "valid"


def _refused(signed: SignedWaiver, side: Side, base: Policy, now: datetime) -> str:
    """By the owners that the baseline knows: a change could name another one."""
    name = signed.waiver.check.partition("/")[0]
    for policy in (base, side.policy):
        for control in policy.controls:
            if control.id == name:
                found = refusal(signed, replace(policy, owners=base.owners), control, now)
                return "" if "expired" in found else found
    return ""


def _demoted(finding: Finding, refused: dict[str, str]) -> Finding:
    if finding.status is not Status.WAIVED or finding.waiver not in refused:
        return finding
    text = (
        f"{finding.reason} [waiver {finding.waiver} does not count here: {refused[finding.waiver]}]"
    )
    return replace(finding, status=Status.FAIL, reason=text)
