"""A folder as the reader port of verification: lists, reads, follows no links, changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import StoreError, VerificationError
from auditor.store.files import read_chunks, store_errors


class FolderReader:
    """The files of a store in a folder; a `store.source.FileSource`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self, folder: str) -> Iterator[str]:
        """All files below a folder, relative to the store, sorted.

        Raises:
            StoreError: A folder cannot be listed.
        """
        start = self._root / folder
        found: list[str] = []
        with store_errors(folder):
            if start.exists():
                for place, folders, names in os.walk(start, onerror=_refuse):
                    base = Path(place)
                    # A link to a folder would not be walked: it is listed, to be found unexpected.
                    links = [name for name in folders if (base / name).is_symlink()]
                    paths = [base / name for name in [*names, *links]]
                    found += [path.relative_to(self._root).as_posix() for path in paths]
        return iter(sorted(found))

    def exists(self, path: str) -> bool:
        """True when something of this name is there, be it a link.

        Raises:
            StoreError: A folder on the way may not be searched.
        """
        with store_errors(path):
            try:
                (self._root / path).lstat()
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of one file, in pieces of a megabyte.

        Raises:
            VerificationError: No such file.
            StoreError: It is there and cannot be read, or is no plain file.
        """
        file = self._root / path
        if not self.exists(path):
            raise VerificationError("the file is missing", where=path)
        with store_errors(path):
            if file.is_symlink() or not file.is_file():
                raise StoreError("not a plain file", where=path)
            yield from read_chunks(file)


def _refuse(error: OSError) -> None:
    raise error
