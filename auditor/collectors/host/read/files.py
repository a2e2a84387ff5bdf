"""`host.file`: the files that the settings name."""

from __future__ import annotations

import os
import stat

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, instant
from auditor.collectors.host.read.common import (
    APPEND_ONLY,
    IMMUTABLE,
    Owners,
    attributes,
    read_owners,
)
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings, WatchedFile

_INODE = (
    "kind",
    "size",
    "mode",
    "others_read",
    "others_write",
    "group_write",
    "owner",
    "group",
    "modified_at",
    "changed_at",
    "set_uid",
)
_FLAGS = ("append_only", "immutable")


def read_files(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each file of the settings, there or not."""
    owners = read_owners(machine)
    wanted = sorted(settings.files, key=lambda each: each.path)
    rows = [_row(machine, owners, each) for each in wanted]
    return Reading(rows, {"files": len(rows)})


def _row(machine: Machine, owners: Owners, wanted: WatchedFile) -> Row:
    path = wanted.path
    row = Row({"host": machine.name, "path": path, "purpose": wanted.purpose})
    try:
        found = machine.stat(path, follow=False)
    except Unread as problem:
        row.missing(("exists", *_INODE, *_FLAGS, "sha256"), problem.gap)
        return row
    row.data |= {"exists": found is not None} | dict.fromkeys((*_INODE, *_FLAGS, "sha256"))
    if found is None:
        return row
    row.attempt(_INODE, lambda: _inode(owners, found))
    if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
        row.attempt(_FLAGS, lambda: _flags(machine, path))
    if wanted.digest and stat.S_ISREG(found.st_mode):
        row.attempt(("sha256",), lambda: {"sha256": machine.digest(path)[1]})
    return row


def _inode(owners: Owners, found: os.stat_result) -> dict[str, object]:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}
    return owners.fields(found) | {
        "kind": kinds.get(stat.S_IFMT(found.st_mode), "other"),
        "size": found.st_size,
        "modified_at": instant(found.st_mtime),
        "changed_at": instant(found.st_ctime),
        "set_uid": bool(found.st_mode & stat.S_ISUID),
    }


def _flags(machine: Machine, path: str) -> dict[str, object]:
    flags = attributes(machine, path)
    return {"append_only": bool(flags & APPEND_ONLY), "immutable": bool(flags & IMMUTABLE)}
