"""Files that are there completely or not at all.

A new file is written under another name, forced to disk, renamed, and its folder forced to disk:
only then does it survive a power cut. Temporary files live in `tmp/` of the store, so that a crash
leaves nothing beside the evidence.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from auditor.errors import StoreError

CHUNK = 1 << 20
TEMPORARY = "tmp"
_DIRECTORY_MODE = 0o750


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turn what the operating system refuses into a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the evidence store refuses: {error.strerror or error}",
            hint="check the folder's permissions and free space",
            where=where,
        ) from error


def make_folders(folder: Path, root: Path) -> None:
    """Make a folder below `root` and its parents. `sync_folders` forces their names to disk."""
    if folder.is_dir():
        return
    if folder != root:
        make_folders(folder.parent, root)
    folder.mkdir(mode=_DIRECTORY_MODE, parents=folder == root, exist_ok=True)


def sync_folders(folder: Path, root: Path) -> None:
    """Force the names in a folder to disk, and those of it and its parents up to `root`.

    Also of folders that were there before: who made them may have died before they were safe.
    Where nothing is to be written, this costs next to nothing.
    """
    sync_folder(folder)
    while folder != root:
        folder = folder.parent
        sync_folder(folder)
    with suppress(PermissionError):  # the store's own place may be somebody else's
        sync_folder(root.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in one folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class NewFile:
    """A file being written; it gets its name by `publish`, and vanishes without it."""

    def __init__(self, root: Path) -> None:
        make_folders(root / TEMPORARY, root)
        self._root = root
        self._path = root / TEMPORARY / uuid.uuid4().hex
        self._file: BinaryIO = self._path.open("xb")
        self._published = False

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)

    def publish(self, path: Path) -> None:
        """Force it to disk and give it its name, replacing a file of that name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        make_folders(path.parent, self._root)
        self._path.replace(path)
        self._published = True
        sync_folders(path.parent, self._root)

    def discard(self) -> None:
        """Remove it where it was not published."""
        self._file.close()
        if not self._published:
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.discard()


def write_file(root: Path, path: str, data: bytes) -> None:
    """Write one file of the store durably."""
    with store_errors(path), NewFile(root) as file:
        file.write(data)
        file.publish(root / path)


def read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece
