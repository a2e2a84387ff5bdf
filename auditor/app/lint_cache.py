"""Which libraries were without errors before: the same bytes give the same lint.

Linting every control costs about a second of each scan, and most scans see the library of the scan
before. A library is known by a digest over every file that lint reads, over every file of the
program itself, and over the engine's name. Only "without errors" is kept: an error is always found
anew, and whatever cannot be read or written only costs the second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from auditor.errors import UsageError

_PROGRAM = Path(__file__).resolve().parents[1]
_READ = (".yaml", ".yml", ".csv")
_PROGRAM_FILES = (".py", *_READ)
_KEPT = 32
"""Markers of the latest libraries that are kept."""


def library_digest(folders: Sequence[Path], engine: str) -> str:
    """What the verdict of lint depends on, as hex digits.

    Args:
        folders: Of controls and frameworks, in their order.
        engine: Name and version of the expression engine.

    Raises:
        UsageError: A folder cannot be read.
    """
    whole = sha256(f"{sys.version}\0{engine}\0".encode())
    try:
        for folder, suffixes in (*((one, _READ) for one in folders), (_PROGRAM, _PROGRAM_FILES)):
            whole.update(f"{folder}\0".encode())
            for name, data in _files(folder, suffixes):
                whole.update(f"{name}\0{len(data)}\0".encode())
                whole.update(data)
    except OSError as error:
        raise UsageError(f"cannot be read: {error}") from error
    return whole.hexdigest()


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the files below a folder, in order; links to folders are not followed."""
    for where, inside, names in os.walk(folder):
        inside[:] = sorted(name for name in inside if name != "__pycache__")
        for name in sorted(names):
            if name.endswith(suffixes):
                path = Path(where, name)
                yield str(path.relative_to(folder)), path.read_bytes()


class CleanLibraries:
    """Digests of libraries that had no error, one empty file for each.

    Args:
        folder: Where they are kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def __contains__(self, digest: str) -> bool:
        """Whether the library had no error."""
        return self._folder is not None and (self._folder / digest).is_file()

    def add(self, digest: str) -> None:
        """Remember it; forget the oldest."""
        if self._folder is None:
            return
        with suppress(OSError):  # a read-only home: the next scan lints again
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / digest).touch()
            for old in _oldest(self._folder.iterdir()):
                old.unlink(missing_ok=True)


def _oldest(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda path: path.stat().st_mtime_ns, reverse=True)[_KEPT:]


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder for it, of this user (XDG Base Directory Specification); None without a home."""
    named, home = environment.get("XDG_CACHE_HOME", ""), environment.get("HOME", "")
    if Path(named).is_absolute():
        return Path(named, "auditor", "lint")
    return Path(home, ".cache", "auditor", "lint") if home else None
