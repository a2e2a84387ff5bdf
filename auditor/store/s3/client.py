"""The S3 client of boto3, and what its errors mean to the people of this program.

Retries are botocore's (mode `standard`: 5 attempts with back-off), as are credentials, proxies and
certificates. The only file that imports boto3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from auditor.errors import ConfigError, DependencyError, StoreError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
except ImportError as error:  # pragma: no cover - an installation without the extra
    raise DependencyError("an s3:// store needs boto3", hint="pip install 'auditor[s3]'") from error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 60
_ATTEMPTS = 5
_CONNECTIONS = 16
MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
REFUSED = frozenset({"AccessDenied", "403", "Forbidden"})
LOST = frozenset({"PreconditionFailed", "412"})
BUSY = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
_HINTS = {
    "NoSuchBucket": "make the bucket with Object Lock: see docs/reference/store.md",
    "AccessDenied": "the identity needs the permissions of docs/reference/store.md",
    "403": "the identity needs the permissions of docs/reference/store.md",
    "Forbidden": "the identity needs the permissions of docs/reference/store.md",
    "InvalidAccessKeyId": "check the credentials (AWS_PROFILE, object_store.profile)",
    "SignatureDoesNotMatch": "check the credentials (AWS_PROFILE, object_store.profile)",
    "ExpiredToken": "sign in again",
    "PermanentRedirect": "set object_store.region in auditor.yaml",
    "RequestTimeTooSkewed": "set the clock of this machine",
}


def make_client(endpoint_url: str | None, region: str | None, profile: str | None) -> S3Client:
    """A client; nothing is sent yet.

    Args:
        endpoint_url: Of a server that is not AWS.
        region: Where AWS's own configuration does not name one.
        profile: Of AWS's configuration.

    Raises:
        ConfigError: There is no such profile, or the endpoint is no URL.
    """
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        max_pool_connections=_CONNECTIONS,
        # A server of one's own seldom has a name for each bucket.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
    )
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        name = region or session.region_name or "us-east-1"
        return session.client("s3", endpoint_url=endpoint_url, region_name=name, config=config)
    except (ProfileNotFound, ValueError) as error:
        raise ConfigError(
            f"the S3 client cannot be made: {error}", hint="`object_store:` in auditor.yaml"
        ) from error


def code_of(error: ClientError) -> str:
    """What the server calls an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def s3_errors(where: str) -> Iterator[None]:
    """Turn what the server or the way to it refuses into a StoreError."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        raise StoreError(
            f"the object store refuses: {code}: {error.response['Error'].get('Message', '')}",
            hint=_HINTS.get(code, ""),
            where=where,
        ) from error
    except BotoCoreError as error:
        raise StoreError(
            f"the object store cannot be reached: {error}",
            hint="check the network, object_store.endpoint_url and the credentials",
            where=where,
        ) from error
