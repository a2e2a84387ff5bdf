"""Which store a location names: a folder, or a bucket `s3://bucket/prefix`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auditor.catalog.config import ObjectStore
from auditor.errors import ConfigError
from auditor.store.interface import Store
from auditor.store.ledger_writer import Recovery
from auditor.store.local import LocalStore

S3_SCHEME = "s3://"


def is_remote(location: str) -> bool:
    """True for a location that is no folder.

    Raises:
        ConfigError: A scheme that no store has.
    """
    scheme, separator, _rest = location.partition("://")
    if separator and f"{scheme}://" != S3_SCHEME:
        raise ConfigError(
            f"got store {location!r}, expected a folder or s3://bucket/prefix",
            hint="`store:` in auditor.yaml",
        )
    return bool(separator)


def open_store(location: str, base: Path, options: ObjectStore | None = None) -> Store:
    """The store of a location; nothing is read or written yet.

    Args:
        location: `store:` of `auditor.yaml`.
        base: The folder that a relative location is relative to.
        options: How a bucket is reached (`object_store:`); the defaults of AWS where it is None.

    Raises:
        ConfigError: Neither a folder nor a bucket.
        DependencyError: A bucket, and the S3 client is not installed.
    """
    if not is_remote(location):
        return LocalStore((base / location).resolve())
    from auditor.store.s3 import S3Store  # boto3 is heavy and optional

    chosen = options or ObjectStore()
    return S3Store.open(
        location,
        endpoint_url=chosen.endpoint_url,
        region=chosen.region,
        profile=chosen.profile,
        lock=chosen.lock,
    )


def tell_recovery(recovery: Recovery, progress: Callable[[str], None]) -> None:
    """Say what opening the log found of a writer that died; nothing when there was nothing."""
    if recovery.entries:
        progress(f"the log was recovered: {recovery.entries} entries of an interrupted writer")
    if recovery.dropped_bytes:
        progress(
            f"the log was recovered: {recovery.dropped_bytes} bytes of an entry that was never"
            " finished were dropped"
        )
