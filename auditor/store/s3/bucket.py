"""A bucket, or what lies below a prefix of it, through boto3: the port `Objects`.

Standard: the S3 API as AWS documents it: conditional writes (`If-None-Match`, `If-Match`) and
SHA-256 checksums, which Object Lock asks for.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError

from auditor.errors import StoreError, VerificationError
from auditor.store.s3.client import BUSY, LOST, MISSING, code_of, s3_errors
from auditor.store.s3.objects import NO_LOCK, Body, Found, Lock
from auditor.store.s3.place import Place
from auditor.store.s3.upload import upload_parts

CHUNK = 1 << 20
LARGEST_PUT = 64 << 20
"""Bytes; larger files go in parts."""
_TRIES = 8
_DELETED_AT_ONCE = 1000


class Bucket(Place):
    """Reads and writes objects."""

    # Reading

    def paths(self, folder: str) -> Iterator[str]:
        """All files below a folder, sorted."""
        return iter(sorted(self.paths_after(folder, "")))

    def paths_after(self, folder: str, after: str) -> Iterator[str]:
        """The files below a folder that sort behind a path."""
        options = {"StartAfter": self.key(after)} if after else {}
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=self.key(f"{folder}/"), **options
        )
        with s3_errors(folder):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield self.path(item["Key"])

    def exists(self, path: str) -> bool:
        """True when there is such an object."""
        return self.head(path) is not None

    def etag(self, path: str) -> str | None:
        """What names the present state of an object, None where there is none."""
        head = self.head(path)
        return None if head is None else str(head["ETag"])

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of one object, in pieces of a megabyte.

        Raises:
            VerificationError: No such object.
            StoreError: The server does not give it.
        """
        with s3_errors(path):
            answer = self._get(path)
            if answer is None:
                raise VerificationError("the file is missing", where=path)
            with closing(answer["Body"]) as body:
                yield from body.iter_chunks(CHUNK)

    def read(self, path: str, limit: int) -> Found | None:
        """One small object, None where there is none.

        Raises:
            VerificationError: It is longer than `limit` bytes.
        """
        with s3_errors(path):
            answer = self._get(path)
            if answer is None:
                return None
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > limit:
                    raise VerificationError(f"longer than {limit} bytes", where=path)
                return Found(body.read(), answer["ETag"])

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            return dict(self.client.get_object(Bucket=self.name, Key=self.key(path)))
        except ClientError as error:
            if code_of(error) in MISSING:
                return None
            raise

    # Writing

    def create(self, path: str, body: Body, lock: Lock = NO_LOCK) -> str | None:
        """Write an object unless there is one; gives its state, None when there was one."""
        return self._put(path, body, lock, {"IfNoneMatch": "*"})

    def replace(self, path: str, body: Body, etag: str, lock: Lock = NO_LOCK) -> str | None:
        """Write over the state `etag`; gives the new one, None when it is another by now."""
        return self._put(path, body, lock, {"IfMatch": etag})

    def write(self, path: str, body: Body) -> None:
        """Write an object whatever was there; only for what is no evidence."""
        with s3_errors(path):
            self._put_once(path, body, NO_LOCK, {})

    def _put(self, path: str, body: Body, lock: Lock, condition: dict[str, str]) -> str | None:
        with s3_errors(path):
            for _try in range(_TRIES):
                try:
                    return self._put_once(path, body, lock, condition)
                except ClientError as error:
                    if code_of(error) in BUSY:
                        continue  # somebody else was writing: who won is known at the next try
                    if code_of(error) not in LOST | MISSING:
                        raise
                    return self._own(path, body)
        raise StoreError("the object store is busy", hint="run the command again", where=path)

    def _own(self, path: str, body: Body) -> str | None:
        """The state that we wrote ourselves by a request whose answer was lost, if we did."""
        head = self.head(path)
        if head is not None and head["Metadata"].get("claim") == body.claim:
            return str(head["ETag"])
        return None

    def _put_once(self, path: str, body: Body, lock: Lock, condition: dict[str, str]) -> str:
        options: dict[str, Any] = {
            "Bucket": self.name,
            "Key": self.key(path),
            "Metadata": {"claim": body.claim},
            **self.lock_options(lock),
        }
        if not isinstance(body.source, bytes):
            body.source.seek(0)
            if body.size > LARGEST_PUT:
                return upload_parts(self.client, body.source, options, condition)
        answer = self.client.put_object(
            Body=body.source,
            ContentLength=body.size,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(body.sha256).decode(),
            **options,
            **condition,
        )
        return str(answer["ETag"])

    def remove(self, paths: Sequence[str]) -> None:
        """Take objects away; versions that are kept of them stay."""
        for at in range(0, len(paths), _DELETED_AT_ONCE):
            names = [{"Key": self.key(path)} for path in paths[at : at + _DELETED_AT_ONCE]]
            with s3_errors(paths[at]):
                answer = self.client.delete_objects(
                    Bucket=self.name, Delete={"Objects": names, "Quiet": True}
                )
            for problem in answer.get("Errors", ()):
                raise StoreError(
                    f"the object store refuses to delete: {problem.get('Code')}",
                    where=str(problem.get("Key")),
                )
