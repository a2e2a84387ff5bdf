"""Objects below a prefix of a bucket: their keys, their locks, and deleting them for good.

Standard: S3 Object Lock and versioning as AWS documents them. A lock is on one version; writing
again or deleting without naming a version hides that version and leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

from botocore.exceptions import ClientError

from auditor.errors import VerificationError
from auditor.store.s3.client import MISSING, REFUSED, code_of, s3_errors
from auditor.store.s3.objects import Lock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SHORTEST = timedelta(minutes=1)  # a lock for less would be over, or refused, when it arrives


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Place:
    """A place in a bucket.

    Args:
        client: Made by `make_client`.
        bucket: Name of the bucket.
        prefix: "" or `some/place/`.
        mode: `COMPLIANCE` or `GOVERNANCE`; None where the bucket cannot lock.
        clock: UTC, near enough to the server's: a lock that is over cannot be asked for.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str,
        mode: str | None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.client: Any = client  # its methods are overloaded beyond what can be passed on
        self.name = bucket
        self.mode = mode
        self._prefix = prefix
        self._clock = clock

    @property
    def location(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self.name}/{self._prefix}".rstrip("/")

    def key(self, path: str) -> str:
        """The object's key."""
        return self._prefix + path

    def path(self, key: str) -> str:
        """The path of an object's key."""
        return key.removeprefix(self._prefix)

    def head(self, path: str) -> dict[str, Any] | None:
        """What the server says of an object, None where there is none."""
        with s3_errors(path):
            try:
                return dict(self.client.head_object(Bucket=self.name, Key=self.key(path)))
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise

    def lock_options(self, lock: Lock) -> dict[str, Any]:
        """How a lock is asked for in writing; nothing where the bucket cannot lock."""
        options: dict[str, Any] = {}
        if self.mode is not None and self._can_last(lock.until):
            options |= {"ObjectLockMode": self.mode, "ObjectLockRetainUntilDate": lock.until}
        if self.mode is not None and lock.hold:
            options["ObjectLockLegalHoldStatus"] = "ON"
        return options

    def extend(self, path: str, lock: Lock) -> None:
        """Keep an object at least as long as a lock says; never shorter than before.

        Raises:
            VerificationError: There is no such object.
        """
        head = self.head(path)
        if head is None:
            raise VerificationError("the file is missing", where=path)
        if self.mode is None:
            self._touch(path)
            return
        place = {"Bucket": self.name, "Key": self.key(path), "VersionId": head["VersionId"]}
        known: datetime | None = head.get("ObjectLockRetainUntilDate")
        with s3_errors(path):
            if self._can_last(lock.until) and (known is None or known < lock.until):
                mode = head.get("ObjectLockMode") or self.mode  # a stricter mode stays
                retention = {"Mode": mode, "RetainUntilDate": lock.until}
                self.client.put_object_retention(**place, Retention=retention)
            if lock.hold and head.get("ObjectLockLegalHoldStatus") != "ON":
                self.client.put_object_legal_hold(**place, LegalHold={"Status": "ON"})

    def release(self, path: str) -> None:
        """End a legal hold on an object, if it is there; its retention stays."""
        if self.mode is None:
            return
        head = self.head(path)
        if head is None or head.get("ObjectLockLegalHoldStatus") != "ON":
            return
        with s3_errors(path):
            self.client.put_object_legal_hold(
                Bucket=self.name, Key=self.key(path), LegalHold={"Status": "OFF"}
            )

    def _can_last(self, until: datetime | None) -> TypeGuard[datetime]:
        """True for a time that the server will take as one to come."""
        return until is not None and until > self._clock() + _SHORTEST

    def _touch(self, path: str) -> None:
        """Make its time of writing new, so that whoever prunes leaves it."""
        with s3_errors(path):
            self.client.copy_object(
                Bucket=self.name,
                Key=self.key(path),
                CopySource={"Bucket": self.name, "Key": self.key(path)},
                MetadataDirective="REPLACE",
            )

    def erase(self, path: str, *, before: datetime | None = None) -> bool:
        """Delete an object with all its versions; False where one of them is kept.

        Args:
            before: Leave it, and answer False, when it was written since.
        """
        versions = list(self._versions(path))
        if before is not None and any(written >= before for _version, written in versions):
            return False
        # Also without versioning there is one, whose id is `null`.
        return all(self._erase_version(path, version) for version, _written in versions)

    def _erase_version(self, path: str, version: str) -> bool:
        with s3_errors(path):
            try:
                self.client.delete_object(Bucket=self.name, Key=self.key(path), VersionId=version)
            except ClientError as error:
                if code_of(error) not in REFUSED:
                    raise
                return False  # by its lock, or because this identity may not
        return True

    def _versions(self, path: str) -> Iterator[tuple[str, datetime]]:
        """Versions of an object with their times, markers of deletion among them."""
        key = self.key(path)
        pages = self.client.get_paginator("list_object_versions")
        with s3_errors(path):
            for page in pages.paginate(Bucket=self.name, Prefix=key):
                for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if item["Key"] == key:
                        yield item["VersionId"], item["LastModified"]
