"""Opening a backup, a file or a folder, and reading all of it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, fields

from auditor.collectors.host.backup.content import Content, LimitError, NoToolError, inspect
from auditor.collectors.host.errors import Unread, from_os_error
from auditor.collectors.host.machine import Machine
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

CONTENT_FIELDS = tuple(field.name for field in fields(Content) if field.name != "size")
# Files that stand at the top of a repository (restic's and borg's documentation).
_REPOSITORIES = {
    "restic": frozenset({"config", "data", "index", "keys", "snapshots"}),
    "borg": frozenset({"config", "data", "README"}),
}


def read_content(machine: Machine, path: str, limit: int) -> dict[str, object]:
    """The fields of `host.backup_file` that come from the content.

    Raises:
        Unread: Not allowed, changed while it was read, above the limit, or no program for it.
    """
    found = machine.stat(path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        return _folder(machine, path)
    if found is None or not stat.S_ISREG(found.st_mode):
        detail = f"{path} is neither a file nor a folder, or has gone"
        raise Unread(Gap(Cause.VANISHED, detail, subject=path))
    content = _inspect(machine, path, limit)
    data = {name: value for name, value in asdict(content).items() if name in CONTENT_FIELDS}
    data["secret_files"] = list(content.secret_files)
    data["entropy"] = f"{content.entropy:.2f}"
    data["dump_trailer"] = content.dump_trailer or "unknown"
    return data


def digest_of(machine: Machine, path: str) -> str:
    """SHA-256 of a file, or of a folder in the way of `read_content`.

    Raises:
        Unread: Not allowed, or failing.
    """
    found = machine.stat(path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        return str(_folder(machine, path)["sha256"])
    return machine.digest(path)[1]


def _inspect(machine: Machine, path: str, limit: int) -> Content:
    try:
        with machine.path(path).open("rb", buffering=0) as stream:
            before = os.fstat(stream.fileno())
            content = inspect(stream, limit, machine.which("zstd"))
            after = os.fstat(stream.fileno())
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except LimitError as error:
        raise Unread(Gap(Cause.LIMIT, f"{path}: {error}", subject=path)) from error
    except NoToolError as error:
        hint = "install zstd"
        raise Unread(Gap(Cause.NOT_SUPPORTED, f"{path}: {error}", path, hint=hint)) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        detail = f"{path} changed while it was read"
        raise Unread(Gap(Cause.INCOMPLETE, detail, subject=path, hint="read it when it is done"))
    return content


def _folder(machine: Machine, path: str) -> dict[str, object]:
    """A folder: the digest is that of the list of its files' digests, as sha256sum prints it."""
    listing = hashlib.sha256()
    size = 0
    count = 0
    for relative in _walk(machine, path, ""):
        digest = machine.digest(f"{path}/{relative}")[1]
        listing.update(f"{digest}  {relative}\n".encode("utf-8", "backslashreplace"))
        found = machine.stat(f"{path}/{relative}")
        size += found.st_size if found else 0
        count += 1
    top = set(machine.names(path) or ())
    repository = [name for name, parts in _REPOSITORIES.items() if parts <= top]
    return {
        "sha256": listing.hexdigest(),
        "compression": "none",
        "container": "directory",
        "encryption": repository[0] if repository else "none",
        "read_to_end": count > 0,
        "read_error": None if count else "no content: an empty folder",
        "dump_trailer": "encrypted" if repository else "not_a_dump",
        "tables": None,
        "tar_members": None,
        "secret_files": [],
        "secret_file_count": 0,
        "content_size": size,
        "entropy": "0.00",
    }


def _walk(machine: Machine, root: str, below: str) -> Iterator[str]:
    """Paths of the regular files below a folder, sorted; links are not followed."""
    for name in machine.names(f"{root}/{below}" if below else root) or ():
        relative = f"{below}/{name}" if below else name
        found = machine.stat(f"{root}/{relative}", follow=False)
        if found is not None and stat.S_ISDIR(found.st_mode):
            yield from _walk(machine, root, relative)
        elif found is not None and stat.S_ISREG(found.st_mode):
            yield relative
