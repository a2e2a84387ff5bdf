"""What every collector checks of a request: the settings of the target, the names of types."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from auditor.core.model.target import Target
from auditor.errors import ConfigError, UsageError

SettingsT = TypeVar("SettingsT", bound=BaseModel)


def settings_of(target: Target, model: type[SettingsT]) -> SettingsT:
    """The settings of a target, checked.

    Raises:
        ConfigError: They are wrong; each that is, by name.
    """
    try:
        return model.model_validate(dict(target.settings))
    except ValidationError as error:
        problems = "; ".join(
            ": ".join(filter(None, (".".join(map(str, item["loc"])), item["msg"])))
            for item in error.errors()
        )
        raise ConfigError(problems, where=f"target {target.name}") from error


def refuse_unknown(
    collector: str, target: Target, names: Iterable[str], known: Container[str]
) -> None:
    """Refuse types that the collector does not have.

    Raises:
        UsageError: There are some.
    """
    unknown = sorted({name for name in names if name not in known})
    if unknown:
        raise UsageError(
            f"the {collector} collector does not read {', '.join(unknown)}", where=target.name
        )
