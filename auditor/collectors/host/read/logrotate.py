"""`host.logrotate_stanza` and `host.log_file`: rotation as configured, and as found on disk."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine, instant, octal
from auditor.collectors.host.parse.logrotate import (
    Options,
    Stanza,
    is_taboo,
    parse_configuration,
    parse_status,
    rotated_name,
)
from auditor.collectors.host.read.common import (
    APPEND_ONLY,
    Owners,
    attributes,
    read_owners,
)
from auditor.collectors.host.rows import Reading, Row, unique
from auditor.collectors.host.settings import HostSettings
from auditor.core.times import format_instant

_CONFIGURATION = "/etc/logrotate.conf"
_STATUS = (
    "/var/lib/logrotate/status",
    "/var/lib/logrotate/logrotate.status",
    "/var/lib/logrotate.status",
)
_ON_DISK = ("files", "rotated_files", "oldest_rotated_at", "widest_mode")
_BITS = ("others_read", "others_write")
_COMPRESSED = re.compile(r".*\.(?:gz|xz|bz2|zst|Z|lz4)")
_ROTATED = re.compile(r".*(?:[.-]\d[\d._:-]*)(?:\.(?:gz|xz|bz2|zst|lz4))?")
_NO_FIELD = ("extension", "unknown")


@dataclass(frozen=True, slots=True)
class Log:
    """A live log and the files that were rotated from it."""

    live: str
    rotated: tuple[str, ...]


def read_stanzas(machine: Machine, _settings: HostSettings) -> Reading:
    """One row for each pattern of each stanza."""
    reading = Reading()
    stanzas = _stanzas(machine, reading)
    names = unique([f"{stanza.source} {stanza.pattern}" for stanza in stanzas])
    status = _Status(machine)
    reading.facts["status_file"] = status.path
    claimed: dict[str, str] = {}
    for stanza, name in zip(stanzas, names, strict=True):
        row = _stanza_row(machine, stanza, name)
        try:
            logs = find_logs(machine, stanza)
        except Unread as problem:
            row.missing((*_ON_DISK, *_BITS, "last_rotated_at", "duplicate_of"), problem.gap)
            reading.rows.append(row)
            continue
        claims = [stanza.pattern, *(log.live for log in logs)]
        row.data["duplicate_of"] = next((claimed[each] for each in claims if each in claimed), None)
        for each in claims:
            claimed.setdefault(each, name)
        row.attempt((*_ON_DISK, *_BITS), lambda logs=logs: _on_disk(machine, logs))  # type: ignore[misc]
        row.attempt(("last_rotated_at",), lambda claims=claims: status.oldest(claims))  # type: ignore[misc]
        reading.rows.append(row)
    return reading


def read_log_files(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each file of logrotate's patterns and of the settings."""
    reading = Reading()
    owners = read_owners(machine)
    live_of: dict[str, str] = {}
    for stanza in _stanzas(machine, reading):
        try:
            logs = find_logs(machine, stanza)
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        for log in logs:
            live_of |= dict.fromkeys((log.live, *log.rotated), log.live)
    expected: set[str] = set()
    for pattern in settings.log_files:
        expected |= set(machine.glob(pattern)) or {pattern}
    for path in sorted(live_of.keys() | expected):
        live = live_of.get(path, path)
        reading.rows.append(_file_row(machine, owners, path, live, expected=path in expected))
    reading.facts = {"files": len(reading.rows)}
    return reading


def find_logs(machine: Machine, stanza: Stanza) -> list[Log]:
    """The live logs of a stanza's pattern, each with its rotated files.

    Raises:
        Unread: A folder may not be listed.
    """
    if not stanza.pattern.startswith("/"):
        return []
    paths = machine.glob(stanza.pattern)
    logs = []
    for path in paths:
        name = path.rsplit("/", 1)[-1]
        if _ROTATED.fullmatch(name) and not stanza.pattern.endswith(name):
            continue  # `/var/log/*` also matches what was rotated before
        logs.append(Log(path, _rotated(machine, path, stanza.options)))
    return logs


def _rotated(machine: Machine, live: str, options: Options) -> tuple[str, ...]:
    folder, _, name = live.rpartition("/")
    if options.old_dir:
        old = options.old_dir
        folder = old if old.startswith("/") else f"{folder}/{old}"
    form = rotated_name(name, options)
    names = machine.names(folder or "/") or ()
    return tuple(f"{folder}/{each}" for each in names if form.fullmatch(each))


def _stanzas(machine: Machine, reading: Reading) -> list[Stanza]:
    text = machine.text(_CONFIGURATION)
    reading.facts["installed"] = machine.which("logrotate") is not None
    reading.facts["sources"] = 0
    if text is None:
        return []

    def include(path: str) -> Sequence[tuple[str, str]]:
        try:
            return _included(machine, path)
        except Unread as problem:
            reading.gaps.append(problem.gap)
            return ()

    found = parse_configuration(text, _CONFIGURATION, include)
    reading.facts["sources"] = len(found.sources)
    reading.gaps += [unparsable(where, message) for where, message in found.problems]
    return found.stanzas


def _included(machine: Machine, path: str) -> list[tuple[str, str]]:
    found = machine.stat(path)
    if found is None:
        raise Unread(unparsable(path, "is included and does not exist"))
    if not stat.S_ISDIR(found.st_mode):
        return [(path, machine.text(path) or "")]
    names = [name for name in machine.names(path) or () if not is_taboo(name)]
    result = []
    for name in names:
        inner = machine.stat(f"{path}/{name}")
        if inner is not None and stat.S_ISREG(inner.st_mode):
            result.append((f"{path}/{name}", machine.text(f"{path}/{name}") or ""))
    return result


def _stanza_row(machine: Machine, stanza: Stanza, name: str) -> Row:
    options = stanza.options
    data: dict[str, object] = {
        each.name: getattr(options, each.name)
        for each in fields(options)
        if each.name not in _NO_FIELD
    }
    data |= {
        "host": machine.name,
        "id": name,
        "pattern": stanza.pattern,
        "source": stanza.source,
        "line": stanza.line,
        "scripts": list(options.scripts),
        "unknown_directives": sorted(set(options.unknown)),
    }
    return Row(data)


def _on_disk(machine: Machine, logs: Sequence[Log]) -> dict[str, object]:
    live = [found for log in logs if (found := machine.stat(log.live))]
    rotated = [found for log in logs for path in log.rotated if (found := machine.stat(path))]
    bits = 0
    for found in (*live, *rotated):
        bits |= stat.S_IMODE(found.st_mode)
    files = bool(live or rotated)
    oldest = min((found.st_mtime for found in rotated), default=None)
    return {
        "files": len(live),
        "rotated_files": len(rotated),
        "oldest_rotated_at": None if oldest is None else instant(oldest),
        "widest_mode": octal(bits) if files else None,
        "others_read": bool(bits & stat.S_IROTH) if files else None,
        "others_write": bool(bits & stat.S_IWOTH) if files else None,
    }


class _Status:
    """logrotate's status file, read when it is first asked."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.path = next((path for path in _STATUS if machine.exists(path)), None)
        self._times: Mapping[str, datetime] | None = None

    def oldest(self, paths: Sequence[str]) -> dict[str, object]:
        """Of the paths that the file knows, the rotation that is longest ago."""
        if self._times is None:
            self._times = self._read()
        known = [self._times[path] for path in paths if path in self._times]
        when = min(known, default=None)
        return {"last_rotated_at": None if when is None else format_instant(when.astimezone(UTC))}

    def _read(self) -> Mapping[str, datetime]:
        text = self._machine.text(self.path) if self.path else None
        try:
            return parse_status(text or "", local_zone(self._machine))
        except ValueError as error:
            raise Unread(unparsable(f"{self.path}", str(error))) from error


def local_zone(machine: Machine) -> tzinfo:
    """The machine's own zone; UTC where none is set.

    Raises:
        Unread: /etc/localtime is not readable, or no time zone file.
    """
    path = "/etc/localtime"
    try:
        with machine.path(path).open("rb") as stream:
            return ZoneInfo.from_file(stream, key="local")
    except FileNotFoundError:
        return UTC
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except ValueError as error:
        raise Unread(unparsable(path, str(error))) from error


def _file_row(machine: Machine, owners: Owners, path: str, live: str, *, expected: bool) -> Row:
    row = Row(
        {
            "host": machine.name,
            "path": path,
            "expected": expected,
            "rotated": path != live,
            "compressed": _COMPRESSED.fullmatch(path) is not None,
            "live_path": live,
        }
    )
    inode = [
        "exists",
        "size",
        "mode",
        "others_read",
        "others_write",
        "group_write",
        "owner",
        "group",
        "modified_at",
    ]
    row.attempt(inode, lambda: _inode(machine, owners, path, inode))
    if row.data.get("exists"):
        row.attempt(
            ("append_only",),
            lambda: {"append_only": bool(attributes(machine, path) & APPEND_ONLY)},
        )
    elif "exists" in row.data:
        row.data["append_only"] = None
    return row


def _inode(machine: Machine, owners: Owners, path: str, names: Sequence[str]) -> dict[str, object]:
    found: os.stat_result | None = machine.stat(path)
    if found is None:
        return dict.fromkeys(names) | {"exists": False}
    return owners.fields(found) | {
        "exists": True,
        "size": found.st_size,
        "modified_at": instant(found.st_mtime),
    }
