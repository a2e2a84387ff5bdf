"""From an answer to the fields of a resource, as JSON of the declared types.

What an answer leaves out is null only where the catalogue says that it means so (`missing`), and
otherwise unread: an answer without any members says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditor.collectors.aws.facts import FUNCTIONS, Unreadable
from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.model import FieldSpec
from auditor.collectors.aws.paths import JMESPathError, search
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.core.times import format_duration, format_instant, parse_instant

_PLACE = re.compile(r"\{([^{}]+)\}")
# What malformed data makes pure functions raise: the field is then unread, never the whole list.
MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, JMESPathError)


class NotInAnswerError(ValueError):
    """One call answers for all items, and this item is not in it: it is newer, or gone."""


@dataclass(slots=True)
class Draft:
    """A resource in the making.

    Args:
        item: As listed.
        region: Where its enriching calls are sent.
        places: Values of `{partition}`, `{account}`, `{region}` in templates.
    """

    item: object
    region: str
    places: Mapping[str, str]
    data: dict[str, object] = field(default_factory=dict)
    unread: dict[str, Gap] = field(default_factory=dict)
    uid: str = ""


def filled(template: str, draft: Draft) -> str:
    """The template with its places filled from the draft and its item.

    Raises:
        ValueError: The item has no such text.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = draft.places.get(name) or search(name, draft.item)
        if isinstance(found, datetime):
            return format_instant(found)
        if isinstance(found, bool) or not isinstance(found, (str, int)):
            raise ValueError(f"{name} is {found!r}, expected text")
        return str(found)

    return _PLACE.sub(value, template)


def read_fields(
    draft: Draft,
    collected: CollectedType,
    specs: Mapping[str, FieldSpec],
    document: object,
    found: dict[tuple[str, str | None], object] | None = None,
) -> None:
    """Put the fields of an answer, or the reasons for their absence, into the draft.

    Args:
        specs: Declared names (with `?`) to where they are found.
        document: The item, or the body of a reply.
        found: Searches already made in this document, where it serves many items.
    """
    for declared, spec in specs.items():
        name = declared.removesuffix("?")
        try:
            raw = _raw(spec, draft, document, found)
            if raw is None and not (spec.has_missing or spec.is_constant):
                raise ValueError(
                    "the answer leaves it out, which AWS does not document to mean none"
                )
            put(draft, collected, name, raw)
        except MALFORMED as error:
            detail = f"{name}: {error}" if str(error) else f"{name}: {type(error).__name__}"
            vanished = isinstance(error, NotInAnswerError)
            cause = Cause.VANISHED if vanished else Cause.UNPARSABLE
            draft.unread[name] = Gap(cause, detail)


def put(draft: Draft, collected: CollectedType, name: str, raw: object) -> None:
    """Put one value into the draft, in the form of its type.

    Raises:
        ValueError: It does not have the type.
    """
    if raw is None and name in collected.nullable:
        draft.data[name] = None
    else:
        draft.data[name] = to_json(raw, collected.types[name])


def _raw(
    spec: FieldSpec,
    draft: Draft,
    document: object,
    found: dict[tuple[str, str | None], object] | None,
) -> object:
    if spec.is_constant:
        return spec.value
    if spec.template is not None:
        return filled(spec.template, draft)
    if found is None:
        raw = _computed(spec, document)
    else:
        key = (spec.path, spec.via)
        if key not in found:
            found[key] = _computed(spec, document)
        raw = found[key]
    return raw if spec.at is None else _looked_up(spec, draft, raw)


def _computed(spec: FieldSpec, document: object) -> object:
    raw = search(spec.path, document)
    if spec.via is None or isinstance(raw, Unreadable):
        return raw
    return FUNCTIONS[spec.via](raw)


def _looked_up(spec: FieldSpec, draft: Draft, table: object) -> object:
    """The value for this item; without one, the default of the catalogue, else unread.

    Where the item names several (`at` is a list): what each of them has, once, sorted.
    """
    if not isinstance(table, dict) or spec.at not in draft.data:
        raise ValueError(f"cannot be looked up by {spec.at}, which is unread")
    key = draft.data[spec.at]
    if isinstance(key, list):
        return sorted({_entry(spec, table, member) for member in key})
    return _entry(spec, table, key)


def _entry(spec: FieldSpec, table: Mapping[object, Any], key: object) -> Any:
    if key in table:
        return table[key]
    if spec.has_missing:
        return spec.missing
    raise NotInAnswerError(f"the answer holds nothing about {key}")


def to_json(value: object, of: FieldType) -> object:
    """The value as evidence holds it: JSON, times as RFC 3339 text in UTC.

    Raises:
        ValueError: It does not have the type.
    """
    if isinstance(value, Unreadable):
        raise ValueError(value.reason)
    match of:
        case Scalar(name):
            return _scalar(value, name)
        case ListOf(item):
            if not isinstance(value, list):
                raise ValueError(f"got {_shown(value)}, expected a list")
            return [to_json(element, item) for element in value]
        case MapOf(inner):
            if not isinstance(value, dict):
                raise ValueError(f"got {_shown(value)}, expected a map")
            return {str(key): to_json(element, inner) for key, element in value.items()}
        case Record():
            return _record(value, of)


def _record(value: object, of: Record) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"got {_shown(value)}, expected a record")
    result: dict[str, object] = {}
    for name, inner in of.fields.items():
        raw = value.get(name)
        if raw is None and name in of.nullable:
            result[name] = None
            continue
        try:
            result[name] = to_json(raw, inner)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return result


_PLAIN: Mapping[str, type] = {"string": str, "int": int, "bool": bool}


def _scalar(value: object, name: str) -> object:
    if name == "timestamp":
        return format_instant(parse_instant(value))
    if name == "duration" and isinstance(value, timedelta):
        return format_duration(value)
    expected = _PLAIN.get(name)
    if expected is None or type(value) is not expected:  # bool is an int to Python
        raise ValueError(f"got {_shown(value)}, expected {name}")
    return value


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {value!r:.60}"
