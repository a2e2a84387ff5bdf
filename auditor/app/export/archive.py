"""Writes the zip file of a bundle: member after member, equal input giving equal bytes.

Times are fixed, attributes are those of a plain file, and nothing is held in memory but the list of
members. What is packed already (evidence) is stored, the rest deflated; ZIP64 where it is needed.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from auditor.attest.package import Member
from auditor.errors import StoreError
from auditor.store.files import store_errors

_TIME = (1980, 1, 1, 0, 0, 0)  # the first that the format knows
_UNIX = 3
_MODE = 0o100644 << 16


class Archive:
    """A zip file being written; it gets its name by `publish`, and vanishes without it.

    Args:
        path: The file; one that is there is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self.members: dict[str, Member] = {}
        with store_errors(str(path)):
            self._zip = zipfile.ZipFile(self._beside, "x", strict_timestamps=True)

    def add(self, path: str, data: bytes) -> Member:
        """A member of these bytes."""
        return self.add_stream(path, [data], len(data), packed=False)

    def add_stream(
        self, path: str, pieces: Iterable[bytes], size: int, *, packed: bool = True
    ) -> Member:
        """A member whose bytes come in pieces.

        Args:
            size: How many bytes there will be.
            packed: They are compressed already.

        Raises:
            StoreError: There are more or less of them, the name is taken, or the disk refuses.
        """
        if path in self.members:
            raise StoreError("two members of one name", where=path)
        info = zipfile.ZipInfo(path, _TIME)
        info.create_system = _UNIX
        info.external_attr = _MODE
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        info.file_size = size
        seen, written = hashlib.sha256(), 0
        with store_errors(str(self._path)), self._zip.open(info, "w") as file:
            for piece in pieces:
                seen.update(piece)
                written += len(piece)
                file.write(piece)
        if written != size:
            raise StoreError(f"got {written} bytes, expected {size}", where=path)
        found = Member(path=path, size=size, digest=f"sha256:{seen.hexdigest()}")
        self.members[path] = found
        return found

    def publish(self) -> None:
        """Finish the file and give it its name."""
        with store_errors(str(self._path)):
            self._zip.close()
            self._beside.replace(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with store_errors(str(self._path)):
            self._zip.close()
            self._beside.unlink(missing_ok=True)
