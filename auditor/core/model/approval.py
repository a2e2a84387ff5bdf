"""Approvals: another person agrees to exactly one change that makes the policy weaker."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from auditor.core.model.control import Model
from auditor.core.times import Instant

ApprovalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,63}$")]
ChangeDigest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class Approval(Model):
    """A file of `approvals/`, schema `approval-1`; the signature lies beside it.

    `change` is the digest that `auditor gate` prints: of one part of the policy, before and after.
    It counts when signed by `approved_by`, whose key the trust policy of the baseline knows, and
    who is neither `requested_by` nor an author of the change; for 30 days from `approved_at`.
    """

    id: ApprovalId
    part: str = Field(min_length=3)
    change: ChangeDigest
    reason: str = Field(min_length=10)
    requested_by: str = Field(min_length=2)
    approved_by: str = Field(min_length=2)
    approved_at: Instant
