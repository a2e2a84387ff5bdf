"""Registers: one YAML file each, rows of declared fields, and what follows from all rows together.

    complete_at: '2026-10-01T09:00:00Z'   # when somebody last found it complete
    rows:
      - {id: V-1, name: Example Hosting, ...}

A file that cannot be read, a row without an id or with an undeclared field is a gap. Values are
kept as they are written; whether they have their types is found where they are judged, so that a
date without a time and a zone is never read one way or the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from auditor.catalog.source import Source, did_you_mean, parse_yaml, validate
from auditor.collectors.own_records import OwnRecords, Reading
from auditor.collectors.records.files import DeniedError, Folder, sha256, unreadable
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.times import Instant, format_instant, parse_instant
from auditor.errors import AuditorError, CollectionError, DefinitionError, Problem

PREFIX = "records.register."
Row = dict[str, object]
Join = Callable[[list[Row], OwnRecords], None]


class RegisterFile(BaseModel):
    """The whole file; which fields a row may have is its resource type's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    complete_at: Instant
    rows: tuple[dict[str, object], ...] = Field(max_length=100_000)


def read_register(
    folder: Folder, kind: ResourceType, records: OwnRecords, now: datetime
) -> Reading:
    """The rows of the register that a type `records.register.<name>` is about."""
    name = f"{kind.name.removeprefix(PREFIX)}.yaml"
    request = f"read {folder.name}/{name}"
    try:
        text = folder.text(name)
        source = parse_yaml(text, f"{folder.name}/{name}")
        register = validate(source, RegisterFile)
        rows = [_row(source, kind, index, row) for index, row in enumerate(register.rows)]
        _JOINS.get(kind.name, _nothing)(rows, records)
    except (CollectionError, DefinitionError) as error:
        hint = f"keep the register {folder.name}/{name}: docs/reference/attestations.md"
        gap = unreadable(error, hint=hint)
        return Reading(gaps=[gap], calls=[Call(request, "local", now, ok=False)])
    facts: dict[str, object] = {
        "rows": len(rows),
        "complete_at": format_instant(register.complete_at),
        "digest": f"sha256:{sha256(text.encode())}",
        "roles": list(records.roles),
        "targets": list(records.targets),
    }
    return Reading(
        [Resource(row) for row in rows],
        {name: value for name, value in facts.items() if name in kind.facts.fields},
        calls=[Call(request, "local", now, items=len(rows))],
    )


def _row(source: Source, kind: ResourceType, index: int, row: Mapping[str, object]) -> Row:
    """A row in the form of evidence: doubles as decimal text; absent fields that may be null, null.

    Raises:
        DefinitionError: It has no id, or a field that is not declared.
    """
    at = ("rows", index)
    computed = _COMPUTED.get(kind.name, frozenset())
    unknown = sorted(row.keys() - (kind.fields.fields.keys() - computed))
    if unknown:
        message = f"unknown field `{unknown[0]}`{did_you_mean(unknown[0], kind.fields.fields)}"
        raise DefinitionError([source.problem((*at, unknown[0]), message, key=True)])
    if not isinstance(row.get("id"), str) or not row["id"]:
        raise DefinitionError([Problem(source.where(at), "a row needs an `id`, as text")])
    absent = {name: None for name in sorted(kind.fields.nullable) if name not in computed}
    return absent | {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _nothing(_rows: list[Row], _records: OwnRecords) -> None:
    """Most registers have nothing to compute."""


def _instant(row: Row, name: str) -> datetime:
    """A time that a computed field depends on.

    Raises:
        CollectionError: It is none: then nothing can be said of any row.
    """
    try:
        return parse_instant(row.get(name))
    except ValueError as error:
        raise CollectionError(f"row {row['id']}: {name}: {error}") from error


def _newest(group: str | None, by: str) -> Join:
    """Mark the newest row, or the newest of each group."""

    def join(rows: list[Row], _records: OwnRecords) -> None:
        newest: dict[object, tuple[datetime, int]] = {}
        for index, row in enumerate(rows):
            name = str(row.get(group)) if group else ""
            place = (_instant(row, by), index)
            newest[name] = max(newest.get(name, place), place)
        chosen = {index for _time, index in newest.values()}
        for index, row in enumerate(rows):
            row["newest"] = index in chosen

    return join


def _previous_end(rows: list[Row], _records: OwnRecords) -> None:
    """The end of the period before, so that a gap between two reports is seen; null for the first.

    Reports are joined by `kind`: those of one auditor do not cover the other's.
    """
    for row in rows:
        start = _instant(row, "period_start")
        before = [
            _instant(other, "period_end")
            for other in rows
            if other is not row
            and other.get("kind") == row.get("kind")
            and _instant(other, "period_start") < start
        ]
        row["previous_end"] = format_instant(max(before)) if before else None
    _newest("kind", "period_end")(rows, _records)


def _configured(rows: list[Row], records: OwnRecords) -> None:
    for row in rows:
        row["configured"] = row.get("target") in records.targets


def _sides(rows: list[Row], _records: OwnRecords) -> None:
    """The values of the two promises that a rule of a commitment's register compares."""
    by_id = {row["id"]: row for row in rows}
    for row in rows:
        other = row.get("at_most_of")
        if other is None:
            row["limit"] = None
            continue
        if other not in by_id:
            raise CollectionError(f"row {row['id']}: at_most_of names no commitment {other!r}")
        row["limit"] = by_id[other].get("value")


_JOINS: Mapping[str, Join] = {
    f"{PREFIX}access_reviews": _newest("system", "period_end"),
    f"{PREFIX}external_audits": _previous_end,
    f"{PREFIX}penetration_tests": _newest(None, "finished_at"),
    f"{PREFIX}load_tests": _newest("service", "finished_at"),
    f"{PREFIX}scope": _configured,
    f"{PREFIX}commitments": _sides,
}
_COMPUTED: Mapping[str, frozenset[str]] = {
    f"{PREFIX}access_reviews": frozenset({"newest"}),
    f"{PREFIX}external_audits": frozenset({"previous_end", "newest"}),
    f"{PREFIX}penetration_tests": frozenset({"newest"}),
    f"{PREFIX}load_tests": frozenset({"newest"}),
    f"{PREFIX}scope": frozenset({"configured"}),
    f"{PREFIX}commitments": frozenset({"limit"}),
}


def gap_of(error: AuditorError) -> Gap:
    """The gap of a whole type that the project could not tell."""
    if isinstance(error, DeniedError):
        return unreadable(error)
    return Gap(Cause.NOT_COLLECTED, error.message, hint=error.hint)
