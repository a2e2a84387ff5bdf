"""Paths of flagged fields: `comment`, `contact.email`, `statements.conditions.*.sts:externalid`.

Names joined by dots. Lists are gone through without being named: the path of a field is that of the
field in every element. Inside a map `*` is every key, and any other name is that key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar

ANY = "*"
Path = tuple[str, ...]
_STEP = re.compile(r'\["(.*?)"\]|\[[^\]]*\]|([^.\[]+)')


def parse_path(text: str, fields: Record) -> Path:
    """The steps of a path, each of which the type has.

    Args:
        text: As a resource type's `personal` or `token` has it.
        fields: The fields of the resource type.

    Raises:
        ValueError: There is no such field; the message names the step.
    """
    steps = tuple(text.split("."))
    field_at(fields, steps)
    return steps


def field_at(fields: Record, path: Path) -> FieldType:
    """The type of the field that a path leads to.

    Raises:
        ValueError: There is no such field.
    """
    current: FieldType = fields
    for depth, step in enumerate(path):
        current = _element(current)
        if isinstance(current, MapOf):
            current = current.value
        elif isinstance(current, Record) and step in current.fields:
            current = current.fields[step]
        else:
            raise ValueError(f"no field `{'.'.join(path[: depth + 1])}`")
    return current


def check_flags(fields: Record, personal: Sequence[str], token: Sequence[str]) -> None:
    """Refuse flags that could not be honoured.

    Raises:
        ValueError: A path leads nowhere, or a token to anything but text; one path is within
            another, so that a value would be replaced twice.
    """
    paths = [parse_path(text, fields) for text in (*personal, *token)]
    for text in token:
        leaf = _element(field_at(fields, tuple(text.split("."))))
        if leaf != Scalar("string"):
            raise ValueError(f"token `{text}` is no text and no list of texts")
    for index, path in enumerate(paths):
        for other in paths[:index]:
            if overlap(path, other):
                raise ValueError(f"`{'.'.join(other)}` and `{'.'.join(path)}` overlap")


def overlap(one: Path, other: Path) -> bool:
    """True when one of the paths lies within the other."""
    return all(a == b or ANY in (a, b) for a, b in zip(one, other, strict=False))


def shown_steps(path: str) -> Path:
    """The names in a path as explanations print it: `resource.hits[3].text`, without indexes."""
    found = (match[1] or match[2] for match in _STEP.finditer(path))
    return tuple(name for name in found if name)


def holders(value: object, path: Path) -> Iterator[tuple[dict[str, object], str]]:
    """Every mapping that holds, or could hold, the field of a path, and the name in it.

    Args:
        value: The JSON value of a resource, of plain dicts and lists.
    """
    if isinstance(value, list):
        for item in value:
            yield from holders(item, path)
    elif isinstance(value, dict):
        first, rest = path[0], path[1:]
        names = list(value) if first == ANY else [first]
        for name in names:
            if not rest:
                yield value, name
            elif name in value:
                yield from holders(value[name], rest)


def _element(of: FieldType) -> FieldType:
    while isinstance(of, ListOf):
        of = of.item
    return of
