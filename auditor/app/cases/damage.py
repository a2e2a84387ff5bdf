"""Damaging one field of a resource, as a collector's mistake or a denied permission would.

Pure: evidence in, damaged evidence out. A field is named by its path below the resource, where `[]`
stands for every element of a list and `{}` for every value of a map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from auditor.catalog.types.examined import Read
from auditor.catalog.types.tree import ITEM, VALUE, Path
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause


class Kind(StrEnum):
    """What is done to the field."""

    REMOVED = "removed"
    NULLED = "nulled"
    RETYPED = "retyped"
    EMPTIED = "emptied"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage to one field.

    Args:
        path: Below the resource.
        broken: The result is no evidence of the declared type: it may never leave a verdict as it
            was. Otherwise it is a value that the type allows, and some case must show its effect.
    """

    path: Path
    kind: Kind
    broken: bool

    def apply(self, resource: Resource, of: FieldType | None) -> Resource:
        """The damaged resource; an equal one where there is nothing to damage."""
        if self.kind is Kind.DENIED:
            data = _at(resource.data, self.path, _Remove)
            if data == resource.data:  # it was not read in the first place
                return resource
            gap = Gap(Cause.DENIED, "denied by the mutation", action="mutation")
            return replace(
                resource,
                data=data,  # type: ignore[arg-type]
                unread={**resource.unread, ".".join(self.path): gap},
            )
        new = _NEW[self.kind](of)
        return replace(resource, data=_at(resource.data, self.path, new))  # type: ignore[arg-type]


class _Remove:
    """Stands for the absence of a value."""


def damages(read: Read) -> Iterator[Damage]:
    """Every kind of damage that makes sense for a field that an expression reads."""
    path = read.path[1:]
    named = path[-1] not in (ITEM, VALUE)
    free = read.type is None or read.type == Scalar("any")
    if named:
        yield Damage(path, Kind.REMOVED, broken=len(path) == 1 or not (read.nullable or free))
    yield Damage(path, Kind.NULLED, broken=not (read.nullable or free))
    if not free:
        yield Damage(path, Kind.RETYPED, broken=True)
    if isinstance(read.type, (ListOf, MapOf)) or read.type == Scalar("string"):
        yield Damage(path, Kind.EMPTIED, broken=False)
    if not {ITEM, VALUE} & set(path):
        yield Damage(path, Kind.DENIED, broken=True)


def _retyped(of: FieldType | None) -> object:
    """A value of another type: no text is a number, a time or a list here."""
    return 7 if of == Scalar("string") else "not of the declared type"


def _emptied(of: FieldType | None) -> object:
    if isinstance(of, ListOf):
        return []
    return {} if isinstance(of, (MapOf, Record)) else ""


_NEW: Mapping[Kind, Callable[[FieldType | None], object]] = {
    Kind.REMOVED: lambda _of: _Remove,
    Kind.NULLED: lambda _of: None,
    Kind.RETYPED: _retyped,
    Kind.EMPTIED: _emptied,
}


def _at(value: object, path: Path, new: object) -> object:
    """The value with everything at the path replaced."""
    if not path:
        return new
    name, *rest = path
    if name == ITEM:
        return [_at(item, tuple(rest), new) for item in value] if isinstance(value, list) else value
    if not isinstance(value, Mapping):
        return value
    if name == VALUE:
        return {key: _at(item, tuple(rest), new) for key, item in value.items()}
    if name not in value:
        return value
    changed = {key: item for key, item in value.items() if key != name}
    inner = _at(value[name], tuple(rest), new)
    return changed if inner is _Remove else {**changed, name: inner}
