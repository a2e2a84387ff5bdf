"""Settings of a target of kind `organisation`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Url = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]


class OrganisationSettings(BaseModel):
    """Where the organisation keeps its records: paths relative to auditor.yaml.

    `repository` is the git repository (and the folders in it) whose changes are to be reviewed;
    `time_sources` are web servers whose clocks the runner's is compared with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: str = "documents"
    registers: str = "registers"
    repository: str = "."
    reviewed_paths: tuple[str, ...] = ("auditor.yaml", "controls", "waivers")
    time_sources: tuple[Url, ...] = ()
