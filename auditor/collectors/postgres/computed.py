"""Fields that are not in an answer of the server: releases, logins, and what we cannot see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, RootModel

from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.postgres.settings import LoginRecord
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading, Scope
from auditor.collectors.sql.values import to_json
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant, parse_instant

_RELEASES = Path(__file__).with_name("releases.yaml")
_RELEASE_FIELDS = (
    "end_of_life",
    "newest_minor",
    "newest_minor_released_at",
    "releases_as_of",
)
_FIELD_OF = {"log_connections": ("log_connections", "log_connections_setting")}
_MAX_LOGINS = 200_000


class Release(BaseModel):
    """A major version, as releases.yaml has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    end_of_life: date
    newest_minor: int
    released: date
    as_of: date


class _File(RootModel[dict[str, Release]]):
    """The whole file."""


@cache  # read once per process: the file is part of the program
def releases() -> Mapping[str, Release]:
    """The table of major versions."""
    source = parse_yaml(_RELEASES.read_text("utf-8"), _RELEASES.name)
    return MappingProxyType(validate(source, _File).root)


def _start(day: date) -> str:
    return format_instant(datetime.combine(day, time(), UTC))


def with_release(resource: Resource) -> Resource:
    """The server with what is known about its version."""
    number = resource.data.get("version_num")
    if not isinstance(number, int):
        return resource
    major, minor = divmod(number, 10_000)
    data = {**resource.data, "major": major, "minor": minor}
    release = releases().get(str(major))
    if release is None:
        gap = Gap(
            Cause.NOT_SUPPORTED,
            f"version {major} is not in this program's table of releases",
            hint="use a newer release of auditor",
        )
        return replace(
            resource, data=data, unread={**resource.unread, **dict.fromkeys(_RELEASE_FIELDS, gap)}
        )
    values = (
        _start(release.end_of_life + timedelta(days=1)),
        release.newest_minor,
        _start(release.released),
        _start(release.as_of),
    )
    return replace(resource, data=data | dict(zip(_RELEASE_FIELDS, values, strict=True)))


def hide_overridden(resource: Resource) -> Resource:
    """The server without the settings of which only our own account's value can be seen."""
    names = resource.data.get("overridden")
    data, unread = dict(resource.data), dict(resource.unread)
    for name in names if isinstance(names, list) else ():
        for field in _FIELD_OF.get(name, (str(name).replace(".", "_"),)):
            if field in data:
                del data[field]
                unread[field] = _overridden(name)
    return replace(resource, data=data, unread=unread)


def hide_overridden_rows(reading: Reading) -> None:
    """The same for the list of all settings."""
    names = reading.facts.get("overridden")
    hidden = set(names) if isinstance(names, list) else set()
    reading.resources = [
        replace(
            row,
            data={name: value for name, value in row.data.items() if name != "setting"},
            unread={**row.unread, "setting": _overridden(str(row.data["name"]))},
        )
        if row.data["name"] in hidden
        else row
        for row in reading.resources
    ]


def _overridden(name: str) -> Gap:
    return Gap(
        Cause.NOT_SUPPORTED,
        f"{name} is set for the auditor's own account or database, which hides the server's value",
        hint=f"ALTER ROLE auditor RESET {name}, or name another `database` in the target",
    )


def doubt_rules_not_loaded(reading: Reading) -> None:
    """A gap where the files of rules changed after the server last read them.

    The server tells the second of a change, and no part of it: a change in the second of the
    reading may have come after it.
    """
    changed, loaded = (reading.facts.get(n) for n in ("files_changed_at", "settings_loaded_at"))
    if changed is None or loaded is None:  # each is a gap of its own
        return
    if parse_instant(changed) < parse_instant(loaded).replace(microsecond=0):
        return
    detail = f"pg_hba.conf changed at {changed} and was last loaded at {loaded}: which rules are"
    hint = "look at the rules, then run SELECT pg_reload_conf() and scan again"
    reading.gaps.append(Gap(Cause.STALE, f"{detail} in use cannot be told", hint=hint))


def add_logins(reading: Reading, scope: Scope, record: LoginRecord | None) -> None:
    """Put `last_login_at` on the roles; unread where the target names no record, or it fails."""
    try:
        found = None if record is None else _logins(scope, record)
        gap = Gap(
            Cause.NOT_SUPPORTED,
            "PostgreSQL does not remember when a role signed in",
            hint="fill a table from the server's log, and name it in `logins` of the target",
        )
    except QueryFailedError as error:
        found, gap = None, error.gap
    if found is None:
        reading.resources = [
            replace(row, unread={**row.unread, "last_login_at": gap}) for row in reading.resources
        ]
        return
    reading.resources = [
        replace(row, data={**row.data, "last_login_at": found.get(row.data["name"])})
        for row in reading.resources
    ]


def _logins(scope: Scope, record: LoginRecord) -> dict[object, object]:
    quoted = scope.asker.session.quoted
    text = (
        f"SELECT {quoted(record.role)}::text, max({quoted(record.at)}) "  # noqa: S608 - quoted by the driver
        f"FROM {quoted(record.schema_, record.table)} GROUP BY 1"
    )
    answer = scope.asker.ask("record of logins", text, {}, _MAX_LOGINS)
    if answer.more:
        raise QueryFailedError(Gap(Cause.TRUNCATED, f"more than {_MAX_LOGINS} roles have logins"))
    return {to_json(role): to_json(at) for role, at in answer.rows}
