"""A resource as expressions see it: typed fields, and which fields could not be read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from auditor.core.expression.interface import Expression, UndecidedError
from auditor.core.model.fields import FieldTypeError, Record, typed_record
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

_STEP = re.compile(r"\[[^\]]*\]")  # an index: paths are compared by the names of fields alone


@dataclass(frozen=True, slots=True)
class View:
    """Typed fields, and for each unreadable field (dotted path) the gap that explains it."""

    fields: Mapping[str, object]
    unread: Mapping[str, Gap]

    def require_readable(self, expression: Expression, *, absorbs: bool = False) -> None:
        """Refuse an expression that depends on a field which could not be read.

        A field that was denied is absent, and `has()` of it would be false: exactly the false
        pass that must not happen. So an expression that reads an unread field is undecided,
        except where its author declared that the term may be absorbed; even then `has()` is not
        allowed to answer for it.

        Raises:
            UndecidedError: With the cause of the gap.
        """
        for path, gap in self.unread.items():
            where = ("resource", *_STEP.sub("", path).split("."))
            for reference in expression.references:
                if reference.overlaps(where) and (reference.tested or not absorbs):
                    raise unread_error(path, gap)


class UnreadError(UndecidedError):
    """A field was not read; carries the gap, for its permission and hint."""

    def __init__(self, detail: str, gap: Gap) -> None:
        super().__init__(gap.cause, detail)
        self.gap = gap


def unread_error(path: str, gap: Gap) -> UnreadError:
    """The sentence for a field that was not read."""
    return UnreadError(f"`{path}` could not be read: {gap.detail}", gap)


def view(resource: Resource, fields: Record, personal: Collection[str] = ()) -> View:
    """The typed view. A field with a wrong type, or absent without a reason, is unread.

    Args:
        personal: Names of fields whose values no message may quote.
    """
    values: dict[str, object] = {}
    unread = dict(resource.unread)
    for name, kind in fields.fields.items():
        if name not in resource.data:
            if not any(path == name or path.startswith(f"{name}.") for path in unread):
                unread[name] = Gap(Cause.MISSING_FIELD, f"field `{name}` is missing")
            continue
        if name in unread:  # what is left of it (a mark, a part) is not what the system has
            continue
        one = Record({name: kind}, fields.nullable)
        try:
            values |= typed_record({name: resource.data[name]}, one)
        except FieldTypeError as error:
            told = f"{name}: it has another type than declared" if name in personal else str(error)
            unread[name] = Gap(Cause.TYPE_ERROR, told)
    return View(values, unread)


def facts_view(facts: Mapping[str, object], fields: Record) -> dict[str, object]:
    """Typed facts; one that is absent or has a wrong type is left out, and reading it an error."""
    seen = view(Resource(data=facts), fields)
    return dict(seen.fields)
