"""Whether a bucket keeps the promises that a log rests on, tried before the first write.

A server that ignores a condition would let two writers make two histories; one that ignores a lock
would keep nothing. Both answer success, so only trying finds out.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from auditor.errors import ConfigError
from auditor.store.s3.bucket import Bucket
from auditor.store.s3.client import code_of, s3_errors
from auditor.store.s3.journal import body_of
from auditor.store.s3.objects import NO_LOCK, Lock

_FOLDER = "tmp"
_LOCKED_FOR = timedelta(minutes=2)
_HINT = "use S3, or a server with conditional writes and Object Lock: see docs/reference/store.md"
_OTHER_STATE = '"00000000000000000000000000000000"'


def probe(bucket: Bucket) -> None:
    """Try conditional writes and the lock on an object of `tmp/`, and take it away again.

    Raises:
        ConfigError: The server or the bucket does not do what it must.
        StoreError: It refuses even to be tried.
    """
    if bucket.mode is not None:
        _check_bucket_locks(bucket)
    path = f"{_FOLDER}/{uuid.uuid4().hex}"
    until = datetime.now(UTC) + _LOCKED_FOR
    lock = Lock(until) if bucket.mode is not None else NO_LOCK
    if bucket.create(path, body_of(b"1"), lock) is None:
        raise _broken(bucket, "a new object could not be created with If-None-Match")
    try:
        if bucket.create(path, body_of(b"2"), NO_LOCK) is not None:
            raise _broken(bucket, "the server ignores If-None-Match")
        if bucket.replace(path, body_of(b"3"), _OTHER_STATE) is not None:
            raise _broken(bucket, "the server ignores If-Match")
        if bucket.mode is not None:
            _check_locked(bucket, path)
    finally:
        bucket.remove([path])


def _check_bucket_locks(bucket: Bucket) -> None:
    with s3_errors(bucket.location):
        try:
            answer = bucket.client.get_object_lock_configuration(Bucket=bucket.name)
        except ClientError as error:
            if code_of(error) != "ObjectLockConfigurationNotFoundError":
                raise
            answer = {}
    if answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
        raise ConfigError(
            f"bucket {bucket.name} has no Object Lock",
            hint="make a bucket with Object Lock (docs/reference/store.md), or set"
            " `object_store: {lock: none}` and know that evidence can be deleted",
            where=bucket.location,
        )


def _check_locked(bucket: Bucket, path: str) -> None:
    head = bucket.head(path) or {}
    if head.get("ObjectLockMode") != bucket.mode or "ObjectLockRetainUntilDate" not in head:
        raise _broken(bucket, f"an object locked as {bucket.mode} is not")


def _broken(bucket: Bucket, what: str) -> ConfigError:
    return ConfigError(
        f"this object store cannot hold a log: {what}", hint=_HINT, where=bucket.location
    )
