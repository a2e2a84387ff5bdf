"""Values that a declaration does not show, and paths that stop at them.

A value that becomes known when the declaration is applied, or that is marked as sensitive, stands
in the tree as a `Hidden`. Whoever touches one gets an error and never a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_STEP = re.compile(r"([^.\[\]()]+)|\[(\d+)\]")
_COLUMNS = re.compile(r"(.+)\(([\w,]+)\)")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that is not shown.

    Args:
        cause: KNOWN_AFTER_APPLY, SECRET, ...
        why: What hides it, in words.
        refers: Names of what the value is made from; None: that cannot be told.
    """

    cause: Cause
    why: str
    refers: frozenset[str] | None = None


class HiddenError(Exception):
    """A field depends on a value that is not shown."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


class _Missing:
    """Nothing stands at a path."""


MISSING: Final = _Missing()


def find(value: object, path: str) -> object:
    """What stands at a path (`rule[0].status`, `@`); MISSING for nothing and for null.

    `ingress(from_port,to_port)` takes these members of each item and looks at no other.

    Raises:
        HiddenError: The value, a part of it, or a value on the way is not shown.
    """
    columns = _COLUMNS.fullmatch(path)
    found = _at(value, columns[1] if columns else path)
    if columns and isinstance(found, list):
        names = columns[2].split(",")
        found = [
            {name: item.get(name) for name in names} if isinstance(item, Mapping) else item
            for item in found
        ]
    require_shown(found, path)
    return MISSING if found is None else found


def _at(value: object, path: str) -> object:
    for name, index in _STEP.findall("" if path == "@" else path):
        require_shown(value, path, deep=False)
        if index:
            at = int(index)
            value = value[at] if isinstance(value, list) and at < len(value) else MISSING
        else:
            value = value.get(name, MISSING) if isinstance(value, Mapping) else MISSING
    return value


def require_shown(value: object, path: str, *, deep: bool = True) -> None:
    """Refuse a value that is not shown, or that holds one.

    Raises:
        HiddenError: With the cause.
    """
    hidden = first_hidden(value) if deep else value
    if isinstance(hidden, Hidden):
        raise HiddenError(Gap(hidden.cause, f"{path}: {hidden.why}"))


def first_hidden(value: object) -> Hidden | None:
    """The first value that is not shown, wherever it stands."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Hidden):
            return one
        if isinstance(one, Mapping):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return None
