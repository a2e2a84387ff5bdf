"""`${NAME}` in the values of a Compose file (Compose specification, "Interpolation").

A variable that has neither a value nor a default is set where the services are started: what it
stands in is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<word>[^{}]*))?\})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Open:
    """A text with a variable that has no value here."""

    variable: str


class OpenError(Exception):
    """A field depends on such a text; `gap` says so."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


def interpolated(value: object, variables: Mapping[str, str]) -> object:
    """The value with its variables filled in; `Open` where one has no value."""
    if isinstance(value, dict):
        return {name: interpolated(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner, variables) for inner in value]
    return _text(value, variables) if isinstance(value, str) else value


def _text(text: str, variables: Mapping[str, str]) -> str | Open:
    pieces: list[str] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        pieces.append(text[at : match.start()])
        at = match.end()
        filled = "$" if match["escaped"] else _value(match, variables)
        if filled is None:
            return Open(match["plain"] or match["name"])
        pieces.append(filled)
    return "".join([*pieces, text[at:]])


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str | None:
    value = variables.get(match["plain"] or match["name"])
    how = match["how"] or ""
    if how.startswith(":"):
        value = value or None
    if how.endswith("+"):
        return match["word"] if value is not None else None
    if value is None and how.endswith("-"):
        return match["word"]
    return value


def shown(value: object) -> object:
    """The value, which must not depend on a variable without a value.

    Raises:
        OpenError: It does.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Open):
            detail = f"${{{one.variable}}} has no value here: it is set where it is started"
            hint = "judge what `docker compose config` prints, or give `variables`"
            raise OpenError(Gap(Cause.KNOWN_AFTER_APPLY, detail, hint=hint))
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return value
