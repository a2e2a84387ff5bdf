"""The record of a restore test: what was restored, from when, how long it took, who looked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from auditor.core.model.control import Model
from auditor.core.times import Instant

RecordId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class RestoreRecord(Model):
    """One restore test, as the file format `restore-1` (JSON) has it.

    It counts when signed by a key that the target's settings name (`auditor restore-test sign`).
    `failure_at` is the moment of the assumed loss, `recovered_to` the newest state that came back;
    rows are counted in the restored store and in an independent count of the original.
    """

    id: RecordId
    store: Text
    method: Literal["full-restore", "point-in-time", "file-sample", "listing"]
    source: Text
    target: Text
    isolated: bool
    failure_at: Instant
    recovered_to: Instant
    started_at: Instant
    finished_at: Instant
    rows_expected: int = Field(ge=0)
    rows_restored: int = Field(ge=0)
    validated: bool = Field(description="the application's own checks ran on it and passed")
    operator: Text
    reviewer: Text
