"""`host.filesystem`: how full each mount is, and whether encryption lies below it."""

from __future__ import annotations

import os
import threading

from auditor.collectors.host.errors import Unread, from_os_error, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.mounts import Mount, data_mounts, parse_mounts, permille_used
from auditor.collectors.host.read.block_devices import encryption_below
from auditor.collectors.host.read.common import required
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_USAGE = ("size_kib", "available_kib", "used_permille", "inodes_used_permille")
_CRYPTO = ("encrypted", "layers", "devices")
_KIB = 1024


def read_filesystems(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each mount that is no pseudo file system."""
    if machine.is_tree:
        detail = f"mounts belong to a running machine, and the root is {machine.root}"
        raise Unread(Gap(Cause.NOT_SUPPORTED, detail, subject="/proc/mounts"))
    try:
        mounts = parse_mounts(required(machine, "/proc/mounts"))
    except ValueError as error:
        raise Unread(unparsable("/proc/mounts", str(error))) from error
    data = data_mounts(mounts)
    rows = [_row(machine, settings, mount) for mount in data]
    return Reading(rows, {"mounts": len(data), "pseudo": len(mounts) - len(data)})


def _row(machine: Machine, settings: HostSettings, mount: Mount) -> Row:
    row = Row(
        {
            "host": machine.name,
            "mount_point": mount.point,
            "source": mount.source,
            "fs_type": mount.fs_type,
            "options": list(mount.options),
            "read_only": "ro" in mount.options,
            "network": mount.network,
            "listed": mount.point in settings.data_mounts,
        }
    )
    row.attempt(_USAGE, lambda: _usage(machine, mount.point))
    row.attempt(_CRYPTO, lambda: encryption_below(machine, mount))
    return row


def _usage(machine: Machine, point: str) -> dict[str, object]:
    found = _statvfs(point, machine.timeout_s)
    try:
        used = permille_used(found.f_blocks, found.f_bfree, found.f_bavail)
        inodes = permille_used(found.f_files, found.f_ffree, found.f_ffree)
    except ValueError as error:
        raise Unread(unparsable(f"statvfs {point}", str(error))) from error
    return {
        "size_kib": found.f_blocks * found.f_frsize // _KIB,
        "available_kib": found.f_bavail * found.f_frsize // _KIB,
        "used_permille": used,
        "inodes_used_permille": inodes if found.f_files else None,
    }


def _statvfs(point: str, timeout_s: float) -> os.statvfs_result:
    """Ask in a thread of its own: a dead file server never answers, and cannot be interrupted."""
    answer: list[os.statvfs_result | OSError] = []

    def ask() -> None:
        try:
            answer.append(os.statvfs(point))
        except OSError as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not answer:
        detail = f"statvfs {point} did not answer within {timeout_s:g} s"
        raise Unread(Gap(Cause.TIMEOUT, detail, subject=point, action="statvfs"))
    if isinstance(answer[0], OSError):
        raise from_os_error(answer[0], point, "statvfs") from answer[0]
    return answer[0]
