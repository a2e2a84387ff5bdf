"""Attestations: signed evidence that a person gave. File format `attestation-1`.

Whether one counts (its signature, role, period, attachments) is found by the collector of records.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from auditor.core.model.control import Model
from auditor.core.model.ident import Id
from auditor.core.model.waiver import CheckPath
from auditor.core.times import Instant

PERIOD_PATTERN = r"^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?$"
REVIEW_SUFFIX = ".review.sig"
"""Of the reviewer's signature, after the whole name of the file."""
MAX_ATTACHMENTS = 100

AttestationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,63}$")]
PeriodName = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}$")]


class Attachment(Model):
    """A file that lies in `<id>/` beside the attestation, bound by its digest."""

    name: FileName
    size: int = Field(ge=0)
    media_type: str = Field(min_length=3)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Attestation(Model):
    """What a person states about one check, as the file has it.

    `made_by` is the name of an approver of auditor.yaml, whose key signs the file; `facts` are the
    particulars that the check asks for, as text; `valid_until` is exclusive.
    """

    id: AttestationId
    check: CheckPath
    statement: str = Field(min_length=10, max_length=4000)
    made_by: str = Field(min_length=2)
    role: Id
    made_at: Instant
    valid_until: Instant
    period: PeriodName | None = None
    reviewer: str | None = Field(default=None, min_length=2)
    facts: dict[FactName, str] = Field(default_factory=dict)
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=MAX_ATTACHMENTS)


def period_end(name: str) -> datetime:
    """The first instant after `2026`, `2026-Q3` or `2026-09`, in UTC.

    Args:
        name: As PERIOD_PATTERN has it.

    Raises:
        ValueError: The year is 0 or 9999: there is no such instant.
    """
    year, _, part = name.partition("-")
    months = int(part[1]) * 3 if part.startswith("Q") else int(part or "12")
    return datetime(int(year) + months // 12, months % 12 + 1, 1, tzinfo=UTC)
