"""What a trail records, read from either kind of event selector.

Source: CloudTrail User Guide, "Logging data events" and "Logging management events". A selector
that is narrowed by any other field (an event's name, a caller) never counts as "every".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.collectors.aws.facts.unreadable import (
    mapping,
    mappings,
    optional_mappings,
    text,
)

_S3_OBJECT = "AWS::S3::Object"
_EVERY_BUCKET = "arn:aws:s3"
_OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")


@dataclass(frozen=True, slots=True)
class _Selection:
    """One selector: of which category, reading and writing, of what, and how narrowed."""

    category: str
    read: bool
    write: bool
    prefixes: Sequence[str] = ()
    excluded: Sequence[str] = ()
    narrowed: bool = False


def management_read(answer: object) -> bool:
    """Whether every management event that reads is recorded."""
    return any(s.read and not s.narrowed for s in _of(answer, "Management"))


def management_write(answer: object) -> bool:
    """Whether every management event that writes is recorded."""
    return any(s.write and not s.narrowed for s in _of(answer, "Management"))


def management_excluded_sources(answer: object) -> list[str]:
    """Services whose management events are left out by every selector of such events."""
    selections = _of(answer, "Management")
    excluded = [set(selection.excluded) for selection in selections if not selection.narrowed]
    return sorted(set.intersection(*excluded)) if excluded else []


def s3_data_events(answer: object) -> list[dict[str, object]]:
    """Where events on objects are recorded: prefix of the ARN, reading and writing."""
    return [
        {"arn_prefix": prefix, "read": s.read, "write": s.write, "narrowed": s.narrowed}
        for s in _of(answer, "Data")
        for prefix in s.prefixes
    ]


def s3_data_read_all(answer: object) -> bool:
    """Whether reading is recorded for the objects of every bucket."""
    return _everywhere(answer, "read")


def s3_data_write_all(answer: object) -> bool:
    """Whether writing is recorded for the objects of every bucket."""
    return _everywhere(answer, "write")


def _everywhere(answer: object, kind: str) -> bool:
    return any(
        event[kind] and event["arn_prefix"] == _EVERY_BUCKET and not event["narrowed"]
        for event in s3_data_events(answer)
    )


def _of(answer: object, category: str) -> list[_Selection]:
    return [s for s in _selections(mapping(answer, "selectors")) if s.category == category]


def _selections(answer: Mapping[str, object]) -> Iterator[_Selection]:
    if answer.get("EventSelectors") is None and answer.get("AdvancedEventSelectors") is None:
        raise ValueError("the answer holds no selectors of either kind")
    for selector in optional_mappings(answer.get("EventSelectors"), "EventSelectors"):
        yield from _basic(selector)
    for selector in optional_mappings(
        answer.get("AdvancedEventSelectors"), "AdvancedEventSelectors"
    ):
        yield _advanced(selector)


def _basic(selector: Mapping[str, object]) -> Iterator[_Selection]:
    kind = selector.get("ReadWriteType", "All")
    read, write = kind in {"All", "ReadOnly"}, kind in {"All", "WriteOnly"}
    if selector.get("IncludeManagementEvents", True):
        excluded = selector.get("ExcludeManagementEventSources") or []
        yield _Selection("Management", read, write, excluded=_texts(excluded))
    for resource in optional_mappings(selector.get("DataResources"), "DataResources"):
        if resource.get("Type") == _S3_OBJECT:
            prefixes = [_prefix(arn) for arn in _texts(resource.get("Values"))]
            yield _Selection("Data", read, write, prefixes)


def _advanced(selector: Mapping[str, object]) -> _Selection:
    fields = {
        text(field.get("Field"), "Field"): {
            name: _texts(field[name]) for name in _OPERATORS if field.get(name)
        }
        for field in mappings(selector.get("FieldSelectors"), "FieldSelectors")
    }
    category = _equal(fields, "eventCategory")
    read_only = _equal(fields, "readOnly")
    kind = _equal(fields, "resources.type")
    if category == "Management":
        source = fields.pop("eventSource", {})
        excluded = source.pop("NotEquals", [])
        return _Selection(
            category,
            read=read_only != "false",
            write=read_only != "true",
            excluded=excluded,
            narrowed=bool(fields) or bool(source),
        )
    arn = fields.pop("resources.ARN", {})
    several = len(arn) > 1  # operators that hold together: none of them says all that is recorded
    prefixes = [*arn.pop("StartsWith", []), *arn.pop("Equals", [])] or [_EVERY_BUCKET]
    return _Selection(
        category if kind == _S3_OBJECT else "",
        read=read_only != "false",
        write=read_only != "true",
        prefixes=[_prefix(prefix) for prefix in prefixes],
        narrowed=bool(fields) or bool(arn) or several,
    )


def _equal(fields: dict[str, dict[str, list[str]]], name: str) -> str:
    """The value that the field must equal; a field with another operator stays and narrows."""
    if fields.get(name, {}).keys() != {"Equals"}:
        return ""
    return next(iter(fields.pop(name)["Equals"]), "")


def _prefix(arn: str) -> str:
    """`arn:aws:s3` and `arn:aws:s3:::` both mean every bucket, in any partition."""
    partition, _, rest = arn.partition(":s3")
    return _EVERY_BUCKET if partition.startswith("arn:aws") and not rest.strip(":") else arn


def _texts(values: object) -> list[str]:
    if not isinstance(values, list):
        raise ValueError(f"selector: got {type(values).__name__}, expected a list")
    return [text(value, "selector") for value in values]
