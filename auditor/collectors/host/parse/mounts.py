"""/proc/mounts (fstab(5)), and which file systems hold data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.collectors.host.parse.words import words

_FIELDS = 4  # source, mount point, type, options; two more follow
_KERNEL = words(
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs "
    "fuse.gvfsd-fuse fuse.portal fusectl hugetlbfs mqueue nsfs proc pstore ramfs rpc_pipefs "
    "securityfs selinuxfs sysfs tmpfs tracefs"
)
_NETWORK = words(
    "9p afs beegfs ceph cifs fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs lustre ncpfs nfs nfs4 "
    "smb3 smbfs virtiofs"
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    source: str
    point: str
    fs_type: str
    options: tuple[str, ...]

    @property
    def pseudo(self) -> bool:
        """The kernel's own, or memory: holds no data that outlives the host."""
        return self.fs_type in _KERNEL

    @property
    def network(self) -> bool:
        """Served by another machine."""
        return self.fs_type in _NETWORK


def parse_mounts(text: str) -> list[Mount]:
    """Mounts by mount point; of two on one point the later, which hides the other.

    Raises:
        ValueError: A line without four fields.
    """
    found: dict[str, Mount] = {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) < _FIELDS:
            raise ValueError(f"got {line!r}, expected source, point, type and options")
        point = _unescape(parts[1])
        found[point] = Mount(_unescape(parts[0]), point, parts[2], tuple(parts[3].split(",")))
    return [found[point] for point in sorted(found)]


def permille_used(total: int, free: int, available: int) -> int:
    """Used share in 1/1000, rounded up, of what ordinary users can have, as df counts it.

    Raises:
        ValueError: More is free than there is.
    """
    used = total - free
    if used < 0 or available < 0:
        raise ValueError(f"{free} of {total} blocks are free, {available} available")
    whole = used + available
    return -(-used * 1000 // whole) if whole else 0


def data_mounts(mounts: Sequence[Mount]) -> list[Mount]:
    """Those that are no pseudo file system."""
    return [mount for mount in mounts if not mount.pseudo]


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
