"""How a failed reading of a machine is said: one exception that carries its gap."""

from __future__ import annotations

import errno

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.errors import CollectionError

_HINTS = {
    "shadow": "run as root or in the group shadow",
    "crontabs": "run as root",
    "journal": "run as root or in the group systemd-journal",
    "/var/log": "run as root or in the group adm",
}
_CAUSES = {
    errno.EACCES: Cause.DENIED,
    errno.EPERM: Cause.DENIED,
    errno.ENOENT: Cause.VANISHED,
    errno.ENOTDIR: Cause.VANISHED,
    errno.ESTALE: Cause.VANISHED,
    errno.ETIMEDOUT: Cause.TIMEOUT,
    errno.ENOTTY: Cause.NOT_SUPPORTED,
    errno.ENOSYS: Cause.NOT_SUPPORTED,
    errno.EOPNOTSUPP: Cause.NOT_SUPPORTED,
    errno.ELOOP: Cause.UNPARSABLE,
}


class Unread(CollectionError):  # noqa: N818 - a state of the thing read, as in `Resource.unread`
    """Something could not be read; `gap` says what and why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail, hint=gap.hint, where=gap.subject)
        self.gap = gap


def from_os_error(error: OSError, path: str, verb: str) -> Unread:
    """The gap of a failed system call on a path, with the right that would be enough."""
    cause = _CAUSES.get(error.errno or 0, Cause.UNREACHABLE)
    reason = error.strerror or str(error)
    hint = ""
    if cause is Cause.DENIED:
        named = [text for part, text in _HINTS.items() if part in path]
        hint = named[0] if named else "run as root, or grant this file's group to the auditor"
    return Unread(
        Gap(cause, f"cannot {verb} {path}: {reason}", subject=path, action=verb, hint=hint)
    )


def unparsable(where: str, message: str) -> Gap:
    """The gap of text that does not have its form; `where` is `path:line`."""
    return Gap(Cause.UNPARSABLE, f"{where}: {message}", subject=where)
