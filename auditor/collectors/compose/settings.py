"""What a target of kind `compose-file` may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class ComposeSettings(BaseModel):
    """Settings of a Compose file.

    Args:
        path: File, or `-` for standard input (`docker compose config`).
        variables: Values of `${NAME}` in it. Never a secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, StringConstraints(min_length=1)]
    variables: dict[str, str] = Field(default_factory=dict)
