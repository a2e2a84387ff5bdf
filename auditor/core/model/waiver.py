"""Waivers: time-boxed exceptions that another person approved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from auditor.core.model.control import Expression, Model
from auditor.core.times import Instant

MAX_LIFETIME = timedelta(days=180)
CheckPath = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$")]
WaiverId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,63}$")]


class WaiverRequest(Model):
    """An exception that somebody asks for, as the file format `waiver-request-1` has it.

    It has no effect until somebody else approves it: then it becomes a `Waiver`.
    """

    id: WaiverId
    check: CheckPath
    match: Expression
    environments: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=10)
    risk: str = Field(min_length=3)
    compensating: tuple[str, ...] = ()
    requested_by: str = Field(min_length=2)
    expires: Instant
    max_items: int = Field(ge=1, le=1000)


class Waiver(WaiverRequest):
    """An exception for resources of one check, as the file format `waiver-1` has it.

    It is honoured only between `approved_at` and `expires`, when signed by `approved_by`, who is
    neither the requester nor the control's owner, while it matches at most `max_items` resources.
    """

    approved_by: str = Field(min_length=2)
    approved_at: Instant


@dataclass(frozen=True, slots=True)
class SignedWaiver:
    """A waiver and what its signature turned out to be.

    Args:
        signature: "valid", or why it does not count.
        text, sidecar: The file and its signature as they were, so that the signature can be
            checked again by whoever verifies the run; "" where there is none.
    """

    waiver: Waiver
    signature: str
    text: str = ""
    sidecar: str = ""
