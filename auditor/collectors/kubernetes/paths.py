"""Paths into API objects: `spec.rules[*].host`, `metadata.labels."app.kubernetes.io/name"`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Final

_STEP = re.compile(r'(?:^|\.)(?:"(?P<quoted>[^"]+)"|(?P<plain>[A-Za-z0-9_/-]+))|(?P<each>\[\*\])')


class Missing(Enum):
    """The object has nothing there. Null in an object means the same to the API."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
_EACH = None


@cache
def parse_path(text: str) -> tuple[str | None, ...]:
    """The steps of a path; None stands for every member of a list.

    Raises:
        ValueError: Another form.
    """
    steps: list[str | None] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(f"no path: {text!r} at character {at + 1}")
        steps.append(_EACH if match["each"] else match["quoted"] or match["plain"])
        at = match.end()
    return tuple(steps)


def find(value: object, steps: Sequence[str | None]) -> object:
    """What stands at the path, or MISSING.

    Raises:
        ValueError: A step meets a value of another kind than a mapping or list.
    """
    for index, step in enumerate(steps):
        if value is None or value is MISSING:
            return MISSING
        if step is _EACH:
            if not isinstance(value, list):
                raise ValueError(f"got {type(value).__name__}, expected a list")
            found = [find(member, steps[index + 1 :]) for member in value]
            return [member for member in found if member is not MISSING]
        if not isinstance(value, Mapping):
            raise ValueError(f"got {type(value).__name__}, expected an object with {step!r}")
        value = value.get(step, MISSING)
    return MISSING if value is None else value
