"""`host.backup_series`, `host.backup_set`, `host.backup_file`: the folders of backups.

The contents are read by `auditor.collectors.host.backup.content`, side by side on the context's
executor; evidence holds facts derived from them and never the bytes.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, timedelta

from auditor.collectors.host.backup.names import (
    largest_gap,
    median_before,
    parse_manifest,
)
from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine, instant
from auditor.collectors.host.read.backup_content import CONTENT_FIELDS, digest_of, read_content
from auditor.collectors.host.read.backup_folder import BackupFile, Folder, read_folder
from auditor.collectors.host.read.common import Owners, read_owners
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import BackupSet, HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.core.times import format_duration, format_instant

_KNOWN = frozenset({"tar", "mysql_dump", "postgresql_dump", "postgresql_custom", "sqlite"})
_UNMATCHED_SHOWN = 50
_AHEAD = timedelta(minutes=5)  # a clock may differ this much from the reader's


def read_series(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each set of the settings."""
    reading = Reading(facts={"sets": len(settings.backup_sets)})
    for each in _sorted(settings):
        row = Row({"host": machine.name, "set": each.name, "path": each.path})
        fields = [*_SERIES]
        row.attempt(
            fields,
            lambda each=each: _series(each, read_folder(machine, each, reading)),  # type: ignore[misc]
        )
        row.data |= {
            "every": format_duration(each.every),
            "in_use_since": format_instant(each.in_use_since) if each.in_use_since else None,
            "offsite_configured": each.offsite is not None,
        }
        row.attempt(_OFFSITE, lambda each=each: _offsite_series(machine, each))  # type: ignore[misc]
        reading.rows.append(row)
    return reading


def read_sets(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each slot of each set."""
    reading = Reading(facts={"sets": len(settings.backup_sets)})
    for each in _sorted(settings):
        try:
            folder = read_folder(machine, each, reading)
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        by_slot: dict[str, list[BackupFile]] = {}
        for file in folder.files:
            by_slot.setdefault(file.slot.text, []).append(file)
        reading.rows += [
            _set_row(machine, each, text, files) for text, files in sorted(by_slot.items())
        ]
    reading.facts["slots"] = len(reading.rows)
    return reading


def read_files(machine: Machine, settings: HostSettings, executor: Executor) -> Reading:
    """One row for each file of each set, its content read to the end."""
    reading = Reading(facts={"files": 0, "bytes_read": 0, "derived_only": True})
    owners = read_owners(machine)
    for each in _sorted(settings):
        try:
            folder = read_folder(machine, each, reading)
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        newest = _newest_slots(each, folder.files)
        manifest = _Manifest(machine, each)

        def row(
            file: BackupFile,
            each: BackupSet = each,
            newest: frozenset[str] = newest,
            manifest: _Manifest = manifest,
        ) -> Row:
            built = _file_row(machine, each, owners, file)
            _add_content(machine, each, file, built, read=file.slot.text in newest)
            built.attempt(("manifest",), lambda: manifest.compare(file.slot.name, built))
            built.attempt(_COPY, lambda: _copy(machine, each, file, built))
            return built

        rows = list(executor.map(row, folder.files))
        _add_sizes(rows)
        reading.rows += rows
    reading.rows.sort(key=lambda each: str(each.data["id"]))
    reading.facts["files"] = len(reading.rows)
    reading.facts["bytes_read"] = sum(
        int(str(each.data["size"])) for each in reading.rows if "sha256" in each.data
    )
    return reading


_SERIES = (
    "path_exists",
    "files",
    "slots",
    "newest_slot_at",
    "oldest_slot_at",
    "newest_modified_at",
    "oldest_modified_at",
    "largest_gap",
    "unmatched",
    "unmatched_count",
)
_OFFSITE = ("offsite_files", "offsite_newest_modified_at", "offsite_same_filesystem")
_COPY = ("offsite", "offsite_sha256", "offsite_modified_at")


def _sorted(settings: HostSettings) -> list[BackupSet]:
    return sorted(settings.backup_sets, key=lambda each: each.name)


def _series(each: BackupSet, folder: Folder) -> dict[str, object]:
    slots = sorted({file.slot.at for file in folder.files})
    times = sorted(file.modified for file in folder.files)
    gap = largest_gap(slots)
    del each
    return {
        "path_exists": folder.exists,
        "files": len(folder.files),
        "slots": len(slots),
        "newest_slot_at": format_instant(slots[-1]) if slots else None,
        "oldest_slot_at": format_instant(slots[0]) if slots else None,
        "newest_modified_at": format_instant(times[-1]) if times else None,
        "oldest_modified_at": format_instant(times[0]) if times else None,
        "largest_gap": format_duration(gap) if gap is not None else None,
        "unmatched": list(folder.unmatched[:_UNMATCHED_SHOWN]),
        "unmatched_count": len(folder.unmatched),
    }


def _offsite_series(machine: Machine, each: BackupSet) -> dict[str, object]:
    if each.offsite is None:
        return dict.fromkeys(_OFFSITE)
    names = machine.names(each.offsite)
    if names is None:
        return dict.fromkeys(_OFFSITE) | {"offsite_files": 0}
    pattern = re.compile(each.pattern)
    found = [
        inode
        for name in names
        if pattern.fullmatch(name) and (inode := machine.stat(f"{each.offsite}/{name}"))
    ]
    here, there = machine.stat(each.path), machine.stat(each.offsite)
    newest = max((inode.st_mtime for inode in found), default=None)
    return {
        "offsite_files": len(found),
        "offsite_newest_modified_at": None if newest is None else instant(newest),
        "offsite_same_filesystem": here.st_dev == there.st_dev if here and there else None,
    }


def _set_row(machine: Machine, each: BackupSet, text: str, files: Sequence[BackupFile]) -> Row:
    classes = [file.slot.class_ for file in files]
    at = files[0].slot.at
    return Row(
        {
            "host": machine.name,
            "id": f"{each.name}/{text}",
            "set": each.name,
            "slot": text,
            "slot_at": format_instant(at),
            "slot_day": at.astimezone(UTC).date().isoformat(),
            "classes": sorted(set(classes)),
            "missing_classes": sorted(set(each.classes) - set(classes)),
            "duplicate_classes": sorted({name for name in classes if classes.count(name) > 1}),
            "files": len(files),
            "size": sum(file.size for file in files),
            "newest_modified_at": format_instant(max(file.modified for file in files)),
        }
    )


def _newest_slots(each: BackupSet, files: Sequence[BackupFile]) -> frozenset[str]:
    slots = sorted({(file.slot.at, file.slot.text) for file in files})
    return frozenset(text for _, text in slots[-each.read_newest if each.read_newest else 0 :])


def _file_row(machine: Machine, each: BackupSet, owners: Owners, file: BackupFile) -> Row:
    late = file.modified - file.slot.at
    wrong = (
        file.modified < file.slot.at
        or late > each.every
        or file.modified > machine.clock() + _AHEAD
    )
    return Row(
        {
            "host": machine.name,
            "id": f"{each.name}/{file.slot.name}",
            "set": each.name,
            "class": file.slot.class_,
            "slot": file.slot.text,
            "slot_at": format_instant(file.slot.at),
            "path": file.path,
            "size": file.size,
            "mode": f"{stat.S_IMODE(file.mode):04o}",
            "owner": owners.user(file.uid),
            "group": owners.group(file.gid),
            "others_read": bool(file.mode & stat.S_IROTH),
            "group_read": bool(file.mode & stat.S_IRGRP),
            "modified_at": format_instant(file.modified),
            "clock_skew": format_duration(abs(late)),
            "clock_wrong": wrong,
        }
    )


def _add_content(
    machine: Machine, each: BackupSet, file: BackupFile, row: Row, *, read: bool
) -> None:
    if not read:
        detail = f"only the newest {each.read_newest} slots of {each.name} are read to the end"
        row.missing(CONTENT_FIELDS, Gap(Cause.LIMIT, detail, subject=file.path))
        return
    row.attempt(CONTENT_FIELDS, lambda: read_content(machine, file.path, each.max_content_bytes))
    if not _is_expected(each, row):
        row.data["dump_trailer"] = "other_content"
    elif row.data.get("dump_trailer") == "unknown":
        detail = "a dump in PostgreSQL's custom format has no trailer"
        hint = "use pg_restore --list in the job, or a restore test"
        gap = Gap(Cause.NOT_SUPPORTED, detail, subject=file.path, hint=hint)
        row.missing(("dump_trailer",), gap)


def _is_expected(each: BackupSet, row: Row) -> bool:
    """What can be looked into has a form that the set may hold.

    Text of any kind, an error message of the dump program or a page of zeros is as readable as a
    backup: only its form tells them apart.
    """
    container = row.data.get("container")
    if container is None or row.data["encryption"] not in ("none", "unknown"):
        return True
    if container == "empty":  # has a verdict of its own
        return True
    return container in each.containers if each.containers else container in _KNOWN


def _add_sizes(rows: Sequence[Row]) -> None:
    """Compare each file with the earlier ones of its class; the rows are in order of slots."""
    earlier: dict[str, list[int]] = {}
    newest: dict[str, Row] = {}
    for row in rows:
        size = int(str(row.data["size"]))
        sizes = earlier.setdefault(str(row.data["class"]), [])
        median = median_before(sizes)
        row.data |= {
            "median_size_14": median,
            "size_permille_of_median": size * 1000 // median if median else None,
            "newest_of_class": False,
        }
        sizes.append(size)
        newest[str(row.data["class"])] = row
    for row in newest.values():
        row.data["newest_of_class"] = True


class _Manifest:
    """The digests that the job wrote beside its files."""

    def __init__(self, machine: Machine, each: BackupSet) -> None:
        self._machine = machine
        self._set = each

    def compare(self, name: str, row: Row) -> dict[str, object]:
        """`manifest` of a row whose digest is known."""
        if self._set.manifest is None:
            return {"manifest": "no_manifest"}
        path = f"{self._set.path.rstrip('/')}/{self._set.manifest.replace('{name}', name)}"
        text = self._machine.text(path)
        if text is None:
            return {"manifest": "no_manifest"}
        try:
            listed = _listed(parse_manifest(text), name)
        except ValueError as error:
            raise Unread(unparsable(path, str(error))) from error
        if listed is None:
            return {"manifest": "not_listed"}
        if "sha256" in row.unread:
            raise Unread(row.unread["sha256"])
        return {"manifest": "equal" if listed == row.data["sha256"] else "different"}


def _listed(manifest: Mapping[str, str], name: str) -> str | None:
    """Manifests name files by their path at the time of writing: the last part counts."""
    for path, digest in manifest.items():
        if path.rsplit("/", 1)[-1] == name:
            return digest
    return None


def _copy(machine: Machine, each: BackupSet, file: BackupFile, row: Row) -> dict[str, object]:
    """The off-site copy of a file, compared by digest."""
    nothing: dict[str, object] = dict.fromkeys(_COPY)
    if each.offsite is None:
        return nothing | {"offsite": "not_configured"}
    path = f"{each.offsite.rstrip('/')}/{file.slot.name}"
    found = machine.stat(path)
    if found is None:
        return nothing | {"offsite": "missing"}
    if "sha256" in row.unread:
        raise Unread(row.unread["sha256"])
    digest = digest_of(machine, path)
    return {
        "offsite": "equal" if digest == row.data["sha256"] else "different",
        "offsite_sha256": digest,
        "offsite_modified_at": instant(found.st_mtime),
    }
