"""The folder of a backup set: which of its entries are backups, and of which slot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.collectors.host.backup.names import Slot, parse_name
from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, instant
from auditor.collectors.host.rows import Reading
from auditor.collectors.host.settings import BackupSet
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One entry of a backup folder that the pattern matches."""

    slot: Slot
    path: str
    size: int
    mode: int
    uid: int
    gid: int
    modified: datetime
    device: int


@dataclass(frozen=True, slots=True)
class Folder:
    """What stands in the folder of a set; sorted by slot, class and name."""

    exists: bool
    files: tuple[BackupFile, ...]
    unmatched: tuple[str, ...]


def read_folder(machine: Machine, each: BackupSet, reading: Reading) -> Folder:
    """The files of a set; a name whose slot is none becomes a gap."""
    names = machine.names(each.path)
    if names is None:
        return Folder(exists=False, files=(), unmatched=())
    pattern = re.compile(each.pattern)
    zone = _zone(each)
    files = []
    unmatched = []
    for name in names:
        path = f"{each.path.rstrip('/')}/{name}"
        try:
            slot = parse_name(name, pattern, each.slot_format, zone)
        except ValueError as error:
            gap = Gap(Cause.UNPARSABLE, f"{path}: {error}", subject=path)
            reading.gaps.append(gap)
            continue
        if slot is None:
            unmatched.append(name)
        elif (file := _backup_file(machine, slot, path)) is not None:
            files.append(file)
    files.sort(key=lambda file: (file.slot.at, file.slot.class_, file.slot.name))
    manifests = [] if each.manifest is None else [each.manifest.partition("{name}")[2]]
    known = {each.manifest, *(f"{file.slot.name}{manifests[0]}" for file in files if manifests)}
    return Folder(
        exists=True,
        files=tuple(files),
        unmatched=tuple(name for name in unmatched if name not in known),
    )


def _zone(each: BackupSet) -> ZoneInfo:
    try:
        return ZoneInfo(each.slot_timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        detail = f"backup set {each.name}: slot_timezone {each.slot_timezone!r} is no zone"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject=each.name)) from error


def _backup_file(machine: Machine, slot: Slot, path: str) -> BackupFile | None:
    found = machine.stat(path)
    if found is None:  # rotated away since the folder was listed, or a dangling link
        return None
    return BackupFile(
        slot,
        path,
        found.st_size,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        datetime.fromisoformat(instant(found.st_mtime)),
        found.st_dev,
    )
