"""`host.journald`: the journal as configured and as it lies on disk."""

from __future__ import annotations

import stat
from collections.abc import Sequence

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine, instant, octal
from auditor.collectors.host.parse.ini import Sections, is_true, last, parse_sections
from auditor.collectors.host.parse.journal import HEADER_SIZE, JournalHeader, parse_header
from auditor.collectors.host.read.common import read_owners
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings

_PROGRAM = "/usr/lib/systemd/systemd-journald"
_FOLDERS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
_JOURNAL = "/var/log/journal"
_CONFIGURED = (
    "storage",
    "persistent",
    "compress",
    "seal",
    "system_max_use",
    "system_keep_free",
    "max_retention",
    "max_file",
    "forward_to_syslog",
    "forward_remote",
    "rate_limit_burst",
    "sources",
)
_FOLDER = ("directory_mode", "directory_owner", "directory_group", "others_read")
_FILES = ("files", "sealed_files", "size", "oldest_entry_at", "newest_entry_at")


def read_journald(machine: Machine, _settings: HostSettings) -> Reading:
    """One row; without systemd everything but `installed` is null."""
    installed = machine.exists(_PROGRAM) or machine.exists("/lib/systemd/systemd-journald")
    row = Row({"host": machine.name, "installed": installed})
    if not installed:
        row.data |= dict.fromkeys((*_CONFIGURED, *_FOLDER, *_FILES))
        return Reading([row])
    row.attempt(_CONFIGURED, lambda: _configured(machine))
    row.attempt(_FOLDER, lambda: _folder(machine))
    row.attempt(_FILES, lambda: _files(machine))
    return Reading([row])


def merged(machine: Machine, name: str) -> tuple[Sections, list[str]]:
    """A configuration file of systemd with its drop-ins, and the files that it was read from.

    Raises:
        Unread: One of them may not be read.
    """
    paths = [path for folder in _FOLDERS if machine.exists(path := f"{folder}/{name}")][:1]
    drop_ins: dict[str, str] = {}
    for folder in _FOLDERS:
        for each in machine.names(f"{folder}/{name}.d") or ():
            if each.endswith(".conf"):
                drop_ins.setdefault(each, f"{folder}/{name}.d/{each}")
    paths += [drop_ins[each] for each in sorted(drop_ins)]
    return parse_sections([machine.text(path) or "" for path in paths]), paths


def _configured(machine: Machine) -> dict[str, object]:
    sections, sources = merged(machine, "journald.conf")
    upload, _ = merged(machine, "journal-upload.conf")

    def value(key: str) -> str | None:
        return last(sections, "Journal", key)

    storage = (value("Storage") or "auto").lower()
    burst = value("RateLimitBurst")
    try:
        return {
            "storage": storage,
            "persistent": storage == "persistent"
            or (storage == "auto" and machine.exists(_JOURNAL)),
            # A size instead of yes is the least size that is compressed.
            "compress": (value("Compress") or "yes").lower() not in ("no", "false", "0", "off"),
            "seal": is_true(value("Seal"), default=True),
            "system_max_use": value("SystemMaxUse"),
            "system_keep_free": value("SystemKeepFree"),
            "max_retention": value("MaxRetentionSec"),
            "max_file": value("MaxFileSec"),
            "forward_to_syslog": is_true(value("ForwardToSyslog"), default=False),
            "forward_remote": last(upload, "Upload", "URL") is not None,
            "rate_limit_burst": int(burst) if burst is not None else None,
            "sources": sources,
        }
    except ValueError as error:
        raise Unread(unparsable(", ".join(sources), str(error))) from error


def _folder(machine: Machine) -> dict[str, object]:
    found = machine.stat(_JOURNAL)
    if found is None:
        return dict.fromkeys(_FOLDER)
    owners = read_owners(machine)
    return {
        "directory_mode": octal(found.st_mode),
        "directory_owner": owners.user(found.st_uid),
        "directory_group": owners.group(found.st_gid),
        "others_read": bool(found.st_mode & stat.S_IROTH),
    }


def _files(machine: Machine) -> dict[str, object]:
    paths = [
        f"{_JOURNAL}/{folder}/{name}"
        for folder in machine.names(_JOURNAL) or ()
        for name in machine.names(f"{_JOURNAL}/{folder}") or ()
        if name.endswith((".journal", ".journal~"))
    ]
    headers = [_header(machine, path) for path in paths]
    oldest = [header.oldest_s for header in headers if header.oldest_s is not None]
    newest = [header.newest_s for header in headers if header.newest_s is not None]
    return {
        "files": len(paths),
        "sealed_files": sum(header.sealed for header in headers),
        "size": _size(machine, paths),
        "oldest_entry_at": instant(min(oldest)) if oldest else None,
        "newest_entry_at": instant(max(newest)) if newest else None,
    }


def _header(machine: Machine, path: str) -> JournalHeader:
    try:
        with machine.path(path).open("rb") as stream:
            return parse_header(stream.read(HEADER_SIZE))
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except ValueError as error:
        raise Unread(unparsable(path, str(error))) from error


def _size(machine: Machine, paths: Sequence[str]) -> int:
    return sum(found.st_size for path in paths if (found := machine.stat(path)))
