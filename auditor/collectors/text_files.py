"""One text file, or standard input, that a declared target names.

What cannot be read is a gap with the path, never an empty text.
"""

from __future__ import annotations

import sys
from pathlib import Path

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

STDIN = "-"
MAX_BYTES = 64 << 20


class UnreadableFileError(Exception):
    """A file could not be read as text; `gap` says why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


def read_text(path: str) -> str:
    """The text of a file, or of standard input for `-`, without a byte order mark.

    Raises:
        UnreadableFileError: Not there, denied, too long, or not UTF-8.
    """
    try:
        data = _read(path)
    except OSError as error:
        cause = Cause.DENIED if isinstance(error, PermissionError) else Cause.NOT_COLLECTED
        detail = f"{path} cannot be read: {error.strerror or error}"
        hint = "look at the path and its permissions"
        raise UnreadableFileError(Gap(cause, detail, hint=hint)) from error
    if len(data) > MAX_BYTES:
        raise UnreadableFileError(Gap(Cause.LIMIT, f"{path} is longer than {MAX_BYTES} bytes"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(Gap(Cause.UNPARSABLE, f"{path} is not UTF-8")) from error


def _read(path: str) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(path).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
