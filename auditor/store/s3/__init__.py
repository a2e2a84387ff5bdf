"""The evidence store in a bucket: S3, or a server that keeps its promises. Needs boto3.

Files have the names that they have in a folder (`store.base`), but for the journal, which is one
object for each append; and `index.sqlite` is in the cache of the user.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from auditor.attest.vault import pack_vault, vault_path
from auditor.errors import ConfigError, StoreError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.note import NoteKey, SignBytes
from auditor.store.base import VAULT, BaseStore
from auditor.store.index import RunIndex
from auditor.store.ledger_reader import CHECKPOINT, LogReader
from auditor.store.log_tail import Signers
from auditor.store.s3.blobs import ObjectBlobs
from auditor.store.s3.bucket import CHUNK, Bucket
from auditor.store.s3.client import make_client
from auditor.store.s3.journal import body_of
from auditor.store.s3.log import ObjectLogWriter
from auditor.store.s3.objects import NO_LOCK, Lock
from auditor.store.s3.probe import probe
from auditor.store.s3.spool import spooled

_LOCATION = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[A-Za-z0-9._/-]*))?", re.ASCII
)


class S3Store(BaseStore):
    """A store in a bucket.

    Args:
        bucket: The place in it.
        cache: Folder for the index of runs.
    """

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        super().__init__(bucket, LogReader(bucket))
        self.bucket = bucket
        self._cache = cache
        self._blobs = ObjectBlobs(bucket)
        self._vault = ObjectBlobs(bucket, VAULT)
        self._idle: deque[ObjectLogWriter] = deque(maxlen=1)

    @classmethod
    def open(
        cls,
        location: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        lock: Literal["compliance", "governance", "none"] = "compliance",
        cache: Path | None = None,
    ) -> S3Store:
        """The store of a location; nothing is read or written yet.

        Args:
            location: `s3://bucket` or `s3://bucket/prefix`.
            endpoint_url, region, profile: As in `object_store:` of `auditor.yaml`.
            lock: How evidence is locked.
            cache: For the index of runs; the cache of the user where it is None.

        Raises:
            ConfigError: No such location or profile.
        """
        match = _LOCATION.fullmatch(location.rstrip("/"))
        prefix = (match["prefix"] or "") if match else ""
        if match is None or {"", ".", ".."} & set(prefix.split("/") if prefix else ()):
            raise ConfigError(f"got store {location!r}, expected s3://bucket/prefix")
        client = make_client(endpoint_url, region, profile)
        mode = None if lock == "none" else lock.upper()
        place = Bucket(client, match["bucket"], f"{prefix}/" if prefix else "", mode)
        return cls(place, cache or _cache_folder())

    @property
    def location(self) -> str:
        """`s3://bucket/prefix`."""
        return self.bucket.location

    # Evidence

    def put(self, data: bytes, *, retain_until: datetime | None = None) -> BlobRef:
        """Store bytes under their digest; durable and locked when this returns."""
        pieces = (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
        return self.put_stream(pieces, retain_until=retain_until)

    def put_stream(
        self, pieces: Iterable[bytes], *, retain_until: datetime | None = None
    ) -> BlobRef:
        """Store bytes that come in pieces, without holding them in memory."""
        _ = self._checked
        return self._blobs.put_stream(pieces, Lock(retain_until))

    def put_disclosures(self, data: bytes) -> BlobRef:
        """Store disclosures of redacted fields, apart from the evidence, never locked."""
        _ = self._checked
        return self._vault.put_stream([data], NO_LOCK)

    def erase_disclosures(self, reference: BlobRef, keep: bytes) -> None:
        """Replace a file of the vault by a part of it, in its place; nothing removes it.

        Raises:
            StoreError: A version of it cannot be deleted: personal data would stay.
        """
        path = vault_path(reference)
        if not self.bucket.erase(path):
            raise StoreError(
                "a version of the disclosures cannot be deleted: they are still there",
                hint="the identity needs s3:DeleteObjectVersion; a default retention of the bucket"
                " must not cover vault/",
                where=path,
            )
        if keep:
            self.bucket.write(path, body_of(pack_vault(keep)))

    def erase(self, reference: BlobRef, *, before: datetime) -> bool:
        """Delete a blob past its retention; False where a lock or a later use keeps it."""
        return self._blobs.erase(reference, before)

    def hold(self, paths: Iterable[str]) -> None:
        """Put files under legal hold; what is missing is left."""
        for path in paths:
            if self.bucket.exists(path):
                self.bucket.extend(path, Lock(hold=True))

    def release(self, paths: Iterable[str]) -> None:
        """End the legal hold on files; their retention stays."""
        for path in paths:
            self.bucket.release(path)

    def add_file(
        self, path: str, pieces: Iterable[bytes], *, retain_until: datetime | None = None
    ) -> bool:
        """Keep a file of another store under the same path; False when there is one already."""
        _ = self._checked
        with spooled(pieces) as body:
            lock = NO_LOCK if path.startswith(VAULT) else Lock(retain_until)
            return self.bucket.create(path, body, lock) is not None

    def set_checkpoint(self, data: bytes, before: bytes | None) -> None:
        """Put a checkpoint over the one before, byte for byte; for a copy, never for a log.

        Raises:
            StoreError: The one before is another by now.
        """
        found = self.bucket.read(CHECKPOINT, max(len(data), len(before or b"")))
        state: str | None = None
        if (found.data if found else None) == before:
            body = body_of(data)
            if found is None:
                state = self.bucket.create(CHECKPOINT, body)
            else:
                state = self.bucket.replace(CHECKPOINT, body, found.etag)
        if state is None:
            raise StoreError("somebody writes to this log meanwhile", where=CHECKPOINT)

    # The log

    @contextmanager
    def open_log(
        self,
        *,
        key: NoteKey,
        sign: SignBytes,
        clock: Callable[[], datetime],
        timeout_s: float = 30.0,
        previous: tuple[NoteKey, SignBytes] | None = None,
    ) -> Iterator[ObjectLogWriter]:
        """Open the log for writing: `append` is durable at once, `commit` signs a checkpoint.

        Others may write at the same time; `store.s3.log` says why that does no harm.

        Args:
            key: Public half of the log's key (`FileKey.note_key(origin)`); its name is the origin.
            sign: Signs with the private half (`FileKey.sign`).
            clock: UTC.
            timeout_s: Not needed here: nobody waits for anybody.
            previous: The key before `key`, for a rotation: it signs until the log has the entry.

        Raises:
            StoreError: The bucket refuses.
            ConfigError: The server does not do what a log rests on.
            LedgerError, VerificationError: The log was begun with another key, or is damaged.
        """
        del timeout_s
        _ = self._checked
        signers = Signers(key, sign, previous)
        try:
            writer: ObjectLogWriter | None = self._idle.pop()
        except IndexError:  # the first time, or another thread has it
            writer = None
        if writer is None or not writer.open_again(signers, clock):
            writer = ObjectLogWriter(self.bucket, signers, clock, self._log_retention)
        try:
            yield writer
        finally:
            self._idle.append(writer)

    @cached_property
    def _checked(self) -> bool:
        """The bucket was tried, once in the life of this object."""
        probe(self.bucket)
        return True

    def _log_retention(self) -> datetime | None:
        """The files of the log are kept as long as any evidence that it proves."""
        index = self._runs()
        return index.retain_until() if index and self.bucket.mode else None

    def _runs(self) -> RunIndex | None:
        signed = self.checkpoint()
        if signed is None:
            return None
        name = f"{self.location}\n{signed.checkpoint.origin}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return RunIndex(self._cache / f"{digest}.sqlite", self._log)

    def _create(self, run: str, path: str, data: bytes) -> bool:
        _ = self._checked
        index = self._runs()
        summary = index.run(run) if index else None
        held = index.is_held(run) if index else False
        lock = Lock(summary.retain_until if summary else None, held)
        return self.bucket.create(path, body_of(data), lock) is not None


def _cache_folder() -> Path:
    """The cache of the user (XDG Base Directory Specification); made if need be."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    folder = (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "auditor"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
