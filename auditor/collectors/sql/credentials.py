"""Where a password comes from: settings name the place and never hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from auditor.errors import ConfigError

AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_PRIVATE = 0o077


class Credentials(BaseModel):
    """Settings of a target that name where the password is. None of them: no password is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    password_env: EnvironmentName | None = Field(
        default=None, description="environment variable that holds the password"
    )
    password_file: AbsolutePath | None = Field(
        default=None, description="file whose first line is the password; only its owner reads it"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Credentials:
        if self.password_env and self.password_file:
            raise ValueError("password_env and password_file: give one of them")
        return self


def password_of(settings: Credentials, environment: Mapping[str, str] = os.environ) -> str | None:
    """The password; None where settings name no place.

    Raises:
        ConfigError: The place is empty, cannot be read, or is open to others.
    """
    if settings.password_env is not None:
        value = environment.get(settings.password_env)
        if not value:
            raise ConfigError(
                f"the environment variable {settings.password_env} is empty",
                hint=f"export {settings.password_env}=...",
            )
        return value
    return None if settings.password_file is None else _from_file(Path(settings.password_file))


def _from_file(path: Path) -> str:
    try:
        if path.stat().st_mode & _PRIVATE:
            raise ConfigError(f"{path} can be read by others", hint=f"chmod 600 {path}")
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the password file cannot be read: {error}") from error
    if not lines or not lines[0]:
        raise ConfigError(f"{path} is empty")
    return lines[0]
