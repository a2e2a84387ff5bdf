"""What holds of every observation, whatever was read: each function fails with what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson

from auditor.app.evidence.cleaning import clean_document
from auditor.catalog.library import load_library
from auditor.core.canonical import canonical
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar, typed_record
from auditor.core.model.observation import Gap, Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.token import tokenise
from auditor.shipped import shipped
from tests.services.contract.reading import Read

_NO_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_PLAIN_KEY = re.compile(r"resource\.(\w+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def has_provenance(one: Observation, read: Read, *, silent: bool) -> None:
    """Who asked, where, when, how often, and how much came."""
    assert one.identity
    assert one.collector.startswith(one.resource_type.partition(".")[0])
    assert read.began <= one.started_at <= one.read_at <= read.ended
    assert one.as_of <= one.read_at
    assert one.calls or one.gaps or silent, f"{one.resource_type}: no call and no gap"
    for call in one.calls:
        assert call.request, call
        assert call.endpoint, call
        assert call.items >= 0, call
        assert call.pages >= (1 if call.ok else 0), call
        assert read.began <= call.started_at <= one.read_at, f"{call} is not of our clock"
        assert call.ok or one.gaps or any(r.unread for r in one.resources) or one.resources, call
        assert not call.more or one.gaps, f"{call} says that there is more, and no gap does"
    assert list(one.calls) == sorted(one.calls, key=lambda call: call.started_at)


def is_plain_json(one: Observation) -> None:
    """No floats, nothing but JSON, and the same again after a round trip."""
    canonical(one.to_json())
    assert Observation.from_json(orjson.loads(orjson.dumps(one.to_json()))) == one


def is_declared(one: Observation, kind: ResourceType) -> None:
    """Only declared fields, of their types; each that may not be null is there or unread."""
    for resource in one.resources:
        assert not set(resource.data) & set(resource.unread), resource
        unread = [path for path in resource.unread if path.partition(".")[0] in kind.fields.fields]
        assert len(unread) == len(resource.unread), f"unread and not declared: {resource.unread}"
        problems = list(_undeclared(resource.data, kind.fields, ""))
        assert not problems, f"{kind.name}: not declared: {problems}"
        missing = set(kind.fields.fields) - kind.fields.nullable - set(resource.data)
        assert missing <= set(resource.unread), f"{kind.name}: {missing - set(resource.unread)}"
        typed_record(resource.data, _only(kind.fields, resource.data))
        if kind.derive is not None:
            derived = kind.derive(resource.data)
            assert derived.items() <= resource.data.items(), kind.name
    problems = list(_undeclared(one.facts, kind.facts, "facts"))
    assert not problems, f"{kind.name}: not declared: {problems}"
    typed_record(one.facts, kind.facts if not one.gaps else _only(kind.facts, one.facts))


def has_zones(one: Observation) -> None:
    """A text that looks like a time without a zone could be read two ways."""
    for text in _texts([dict(r.data) for r in one.resources]):
        assert not _NO_ZONE.fullmatch(text), f"{one.resource_type}: {text!r} has no zone"


def leaks(read: Read, secrets: Sequence[str], types: Mapping[str, ResourceType]) -> list[str]:
    """Secrets in what would be stored: after tokens and cleaning, as for every document."""
    assert all(secrets), "an empty secret is everywhere"
    found = []
    for one in read.observations:
        document: dict[str, Any] = orjson.loads(orjson.dumps(one.to_json()))
        kind = types[one.resource_type]
        tokenise([r["data"] for r in document["resources"]], kind.token_paths, bytes(32))
        clean_document(document, kind)
        text = orjson.dumps(document).decode()
        found += [f"{one.resource_type}: {secret}" for secret in secrets if secret in text]
    return found


def every_gap(one: Observation) -> list[Gap]:
    """Of the observation and of its fields."""
    return [*one.gaps, *(gap for resource in one.resources for gap in resource.unread.values())]


@cache  # the library is part of the program
def keys_of_controls() -> Mapping[str, frozenset[str]]:
    """Type to the fields that shipped checks take for its key."""
    found: dict[str, set[str]] = {}
    for loaded in load_library([shipped("controls")]).controls.values():
        for check in loaded.control.checks:
            match = _PLAIN_KEY.fullmatch(check.key)
            if match:
                found.setdefault(check.resource, set()).add(match[1])
    return {name: frozenset(fields) for name, fields in found.items()}


def keys(one: Observation, field: str) -> list[str]:
    """The keys of its resources, in order."""
    return [str(resource.data[field]) for resource in one.resources]


def without_times(one: Observation, moving: Sequence[str] = ()) -> Observation:
    """The observation as it would be at any time: two readings of one state are equal."""
    calls = [
        replace(
            call,
            started_at=_EPOCH,
            server_time=None,
            request=_INSTANT.sub("TIME", call.request),
        )
        for call in one.calls
    ]
    return replace(
        one,
        started_at=_EPOCH,
        read_at=_EPOCH,
        as_of=_EPOCH,
        calls=tuple(sorted(calls, key=lambda call: canonical(call.to_json()))),
        resources=tuple(replace(r, data=_without(dict(r.data), moving)) for r in one.resources),
        facts=_without(dict(one.facts), [m.removeprefix("facts.") for m in moving]),
    )


def _without(data: dict[str, object], paths: Sequence[str]) -> dict[str, object]:
    for path in paths:
        first, _, rest = path.partition(".")
        inner = data.get(first)
        if rest and isinstance(inner, Mapping):
            data[first] = _without(dict(inner), [rest])
        elif not rest:
            data.pop(first, None)
    return data


def _undeclared(value: object, of: FieldType, path: str) -> Iterator[str]:
    match of:
        case Record(fields) if isinstance(value, Mapping):
            for name, item in value.items():
                place = f"{path}.{name}".lstrip(".")
                if name in fields:
                    yield from _undeclared(item, fields[name], place)
                else:
                    yield place
        case ListOf(item) if isinstance(value, (list, tuple)):
            for element in value:
                yield from _undeclared(element, item, f"{path}[]")
        case MapOf(inner) if isinstance(value, Mapping):
            for element in value.values():
                yield from _undeclared(element, inner, f"{path}{{}}")
        case Scalar():
            return


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _only(record: Record, present: Mapping[str, object]) -> Record:
    fields = {name: field for name, field in record.fields.items() if name in present}
    return Record(fields, record.nullable)
