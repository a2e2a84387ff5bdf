"""Files of the organisation's repository: read whole, bounded, never outside of their folder."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from auditor.errors import CollectionError

MAX_TEXT = 8 * 1024 * 1024
MAX_ATTACHMENT = 64 * 1024 * 1024


class DeniedError(CollectionError):
    """A file or folder that this program's user may not read."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder below that of auditor.yaml; `name` is how messages call it."""

    path: Path
    name: str

    def file(self, name: str) -> Path:
        """A file in it.

        Raises:
            CollectionError: The path leads out of the folder, by `..`, by being absolute or a link.
        """
        path = (self.path / name).resolve()
        if not path.is_relative_to(self.path.resolve()):
            raise CollectionError(f"{self.name}/{name} leads out of {self.name}")
        return path

    def read(self, name: str, limit: int = MAX_TEXT) -> bytes:
        """The bytes of a file.

        Raises:
            CollectionError: It cannot be read, or is larger than the limit.
        """
        return read_file(self.file(name), f"{self.name}/{name}", limit)

    def files(self, suffix: str) -> list[str]:
        """Paths, relative to the folder, of the files in it and below it that end so; sorted.

        Raises:
            CollectionError: One of the folders cannot be listed: what is in it is not known.
        """

        def refuse(error: OSError) -> NoReturn:
            raise failed(error, self.name) from error

        found = [
            Path(place, name).relative_to(self.path).as_posix()
            for place, _folders, names in os.walk(self.path, onerror=refuse)
            for name in names
            if name.endswith(suffix)
        ]
        return sorted(found)

    def text(self, name: str) -> str:
        """The text of a file in UTF-8; line ends as they are.

        Raises:
            CollectionError: It cannot be read, is too large, or no such text.
        """
        try:
            return self.read(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise CollectionError(f"{self.name}/{name}: not text in UTF-8") from error


def read_file(path: Path, name: str, limit: int) -> bytes:
    """The bytes of a file.

    Raises:
        CollectionError: It cannot be read, or is larger than the limit (bytes).
    """
    try:
        # A pipe in the folder must not make the scan wait for a writer.
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CollectionError(f"{name} is no file", hint=f"take {name} out of its folder")
            data = file.read(limit + 1)
    except OSError as error:
        raise failed(error, name) from error
    if len(data) > limit:
        raise CollectionError(f"{name} is larger than {limit} bytes")
    return data


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def failed(error: OSError, name: str) -> CollectionError:
    """The error of a file or folder that the system does not let us read."""
    said = f"{name} cannot be read: {error.strerror}"
    if isinstance(error, PermissionError):
        return DeniedError(said, hint=f"let this program's user read {name}")
    return CollectionError(said)


def sha256(data: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(data).hexdigest()


def unreadable(error: Exception, subject: str = "", hint: str = "") -> Gap:
    """The gap of a file that could not be read or understood."""
    if isinstance(error, DeniedError):
        return Gap(Cause.DENIED, error.message, subject=subject, hint=error.hint)
    return Gap(Cause.UNPARSABLE, str(error).replace("\n", "; "), subject=subject, hint=hint)
