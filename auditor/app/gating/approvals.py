"""Approvals of weaker parts of the policy: files of `approvals/`, signed like waivers.

Fail closed: an approval counts when its digest is that of the change, when an approver signed it
whom the baseline's trust policy knows, when that person neither asked for it nor wrote it, and for
30 days. By then the change is merged and a new baseline knows it, or somebody looks at it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from auditor.app.gating.trusting import Trusted
from auditor.app.gating.waivers import is_author
from auditor.app.project import Project
from auditor.app.waiving.approving import check_approver
from auditor.attest.detached import SIGNATURE_SUFFIX, sign_file, verify_file
from auditor.attest.signing import Signer
from auditor.catalog.source import read_yaml, validate
from auditor.core.diff.weakening import Weakening
from auditor.core.evaluate.waivers import same_person
from auditor.core.model.approval import Approval
from auditor.core.model.policy import Policy
from auditor.core.times import format_instant
from auditor.errors import AuditorError, UsageError

FOLDER = "approvals"
LIFETIME = timedelta(days=30)
"""How long an approval counts after it was given; a waiver, of one failure, may last 180 days."""


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """A file of `approvals/` with its bytes and the text of the signature beside it."""

    approval: Approval
    data: bytes
    sidecar: str


def load_approvals(project: Project) -> tuple[SignedApproval, ...]:
    """Every approval of the working folder, signed or not.

    Raises:
        DefinitionError: A file is wrong.
    """
    found = []
    for path in sorted((project.loaded.folder / FOLDER).glob("*.yaml")):
        approval = validate(read_yaml(path, f"{FOLDER}/{path.name}"), Approval)
        found.append(SignedApproval(approval, path.read_bytes(), _sidecar(path)))
    return tuple(found)


def _sidecar(path: Path) -> str:
    sidecar = path.with_name(path.name + SIGNATURE_SUFFIX)
    try:
        return sidecar.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def with_approvals(
    found: Sequence[Weakening],
    approvals: Sequence[SignedApproval],
    trusted: Trusted,
    base: Policy,
    authors: Collection[str],
    now: datetime,
) -> tuple[Weakening, ...]:
    """The weakenings, each with who approved it or why an approval of it does not count.

    Args:
        now: Of the gate, also where the run is older: whoever may approve, may today.
    """
    return tuple(
        _looked_up(weakening, approvals, trusted, base, authors, now) for weakening in found
    )


def _looked_up(
    weakening: Weakening,
    approvals: Sequence[SignedApproval],
    trusted: Trusted,
    base: Policy,
    authors: Collection[str],
    now: datetime,
) -> Weakening:
    refused = ""
    for signed in approvals:
        approval = signed.approval
        if approval.change != weakening.digest:
            if approval.part == weakening.part:
                refused = refused or f"{approval.id} is of another change"
            continue
        objection = _objection(signed, trusted, base, authors, now)
        if not objection:
            until = format_instant(ends_at(approval))
            return replace(
                weakening, approval=f"{approval.approved_by} ({approval.id}) until {until}"
            )
        refused = f"{approval.id}: {objection}"
    return replace(weakening, refused=refused)


def _objection(
    signed: SignedApproval,
    trusted: Trusted,
    base: Policy,
    authors: Collection[str],
    now: datetime,
) -> str:
    """Why it does not count; "" when it does."""
    approval = signed.approval
    if not signed.sidecar:
        return "it is not signed"
    try:
        # The key of today: a date in the file proves no earlier signature by a retired one.
        for at in (approval.approved_at, now):
            name = verify_file(signed.data, signed.sidecar, trusted.policy.approvers, at=at)
    except AuditorError as error:
        return error.message
    if approval.approved_at > now:
        return f"it is approved only from {format_instant(approval.approved_at)}"
    ended = ends_at(approval)
    reasons = {
        f"it is signed by {name}, and says {approval.approved_by}": name != approval.approved_by,
        f"{name} asked for it": same_person(name, approval.requested_by),
        f"{name} is an author of the change": is_author(name, authors, base),
        f"it expired at {format_instant(ended)}, {LIFETIME.days} days after it was given: approve "
        "again with another --id, or make a new baseline": now >= ended,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def ends_at(approval: Approval) -> datetime:
    """From when on it does not count any more."""
    return approval.approved_at + LIFETIME


def write_approval(project: Project, approval: Approval, signer: Signer) -> Path:
    """Write an approval and its signature; overwrite nothing.

    Raises:
        UsageError: The approver asked for it, or the file is there.
        ConfigError: The approver is unknown, or this is not the approver's key.
    """
    check_approver(project, approval.approved_by, signer)
    if same_person(approval.approved_by, approval.requested_by):
        raise UsageError(f"{approval.approved_by} asked for it: another person has to approve it")
    path = project.loaded.folder / FOLDER / f"{approval.id}.yaml"
    if path.exists():
        raise UsageError(f"{path} exists already", hint="give another --id")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(approval.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    path.write_text(text, "utf-8")
    sidecar = path.with_name(path.name + SIGNATURE_SUFFIX)
    sidecar.write_text(sign_file(path.read_bytes(), signer), "utf-8")
    return path
