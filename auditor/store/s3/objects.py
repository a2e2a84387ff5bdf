"""The port of a bucket with conditional writes: all that log and blobs need of S3.

`store.s3.bucket` implements it with boto3. Everything that several writers may do at once rests on
two promises of the server: `create` succeeds for one of several writers of a name, and `replace`
succeeds for one of several who have read the same state.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Protocol

from auditor.store.source import FileSource


@dataclass(frozen=True, slots=True)
class Lock:
    """How an object is protected.

    Args:
        until: It can be deleted by nobody before; None for no such time.
        hold: It can be deleted by nobody while the hold stands.
    """

    until: datetime | None = None
    hold: bool = False


NO_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Body:
    """What is written: bytes, or a file to be read from its beginning.

    Args:
        source: The bytes, or the file.
        size: In bytes.
        sha256: Digest, 32 bytes; the server compares.
        claim: Tells our own write from another's when an answer was lost.
    """

    source: bytes | IO[bytes]
    size: int
    sha256: bytes
    claim: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class Found:
    """An object that was read; `etag` names its state."""

    data: bytes
    etag: str


class Objects(FileSource, Protocol):
    """A bucket, or a part of one, with paths as in a store."""

    @property
    def location(self) -> str:
        """`s3://bucket/prefix`."""
        ...

    def paths_after(self, folder: str, after: str) -> Iterator[str]:
        """The files below a folder that sort behind a path, whether or not that one is there."""
        ...

    def read(self, path: str, limit: int) -> Found | None:
        """One small object, None where there is none."""
        ...

    def etag(self, path: str) -> str | None:
        """What names the present state of an object, None where there is none."""
        ...

    def create(self, path: str, body: Body, lock: Lock = NO_LOCK) -> str | None:
        """Write an object unless there is one; gives its state, None when there was one."""
        ...

    def replace(self, path: str, body: Body, etag: str, lock: Lock = NO_LOCK) -> str | None:
        """Write over the state `etag`; gives the new one, None when it is another by now."""
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Take objects away; versions that are kept of them stay."""
        ...

    def erase(self, path: str, *, before: datetime | None = None) -> bool:
        """Delete an object with all its versions; False where a lock keeps one of them.

        Args:
            before: Leave it, and answer False, when it was written or locked anew since.
        """
        ...

    def extend(self, path: str, lock: Lock) -> None:
        """Keep an object at least as long as a lock says; never shorter than before."""
        ...

    def release(self, path: str) -> None:
        """End a legal hold on an object; its retention stays."""
        ...
