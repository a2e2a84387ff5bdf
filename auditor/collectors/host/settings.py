"""What `auditor.yaml` says about a target of kind `host`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from auditor.core.times import Duration, Instant


def _with_slot(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    if "slot" not in groups:
        raise ValueError(f"{pattern!r} has no group (?P<slot>...), which names the slot of time")
    return pattern


AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Container = Literal[
    "tar", "mysql_dump", "postgresql_dump", "postgresql_custom", "sqlite", "directory", "opaque"
]


class BackupSet(_Strict):
    """One folder with one series of backups."""

    name: Annotated[str, StringConstraints(min_length=1)]
    path: AbsolutePath
    pattern: Annotated[str, AfterValidator(_with_slot)] = Field(
        description="regular expression over a whole name, with groups `slot` and perhaps `class`"
    )
    slot_format: str = Field(default="%Y%m%d", description="strptime format of the group `slot`")
    slot_timezone: str = Field(default="UTC", description="IANA zone that the names are written in")
    every: Duration = timedelta(days=1)
    classes: tuple[str, ...] = Field(default=(), description="classes that each slot must have")
    manifest: str | None = Field(
        default=None, description="`SHA256SUMS`, or `{name}.sha256` for one file each"
    )
    offsite: AbsolutePath | None = Field(default=None, description="second place of the same names")
    containers: tuple[Container, ...] = Field(
        default=(),
        description="what the files may hold, where they are not encrypted; by default an archive,"
        " dump or database of a known form",
    )
    in_use_since: Instant | None = None
    read_newest: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="read the content of this many slots only; null: of all"
    )
    max_content_bytes: Annotated[int, Field(ge=1)] = Field(
        default=2**42, description="stop decompressing one file after this many bytes"
    )


class ExpectedJob(_Strict):
    """A scheduled job that the organisation promised."""

    name: Annotated[str, StringConstraints(min_length=1)]
    contains: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="text that the command (or the timer's unit) contains"
    )
    schedule: str | None = None
    user: str | None = None
    log: AbsolutePath | None = Field(default=None, description="file that each run writes to")


class ListedKey(_Strict):
    """An SSH key that may be there."""

    fingerprint: Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
    owner: str
    added_on: Instant | None = None
    expires_on: Instant | None = None


class ListedListener(_Strict):
    """A socket that may listen."""

    protocol: Literal["tcp", "udp"] = "tcp"
    port: Annotated[int, Field(ge=1, le=65535)]
    address: str | None = None
    process: str | None = None


class WatchedFile(_Strict):
    """A file whose protection a check is about."""

    path: AbsolutePath
    purpose: str = ""
    digest: bool = False


class HostSettings(_Strict):
    """Settings of a target of kind `host`."""

    connection: Literal["local"] = "local"
    root: AbsolutePath = Field(default="/", description="a mounted image or a copy of a tree")
    sshd_config: AbsolutePath = "/etc/ssh/sshd_config"
    sudoers: AbsolutePath = "/etc/sudoers"
    backup_sets: tuple[BackupSet, ...] = ()
    expected_jobs: tuple[ExpectedJob, ...] = ()
    scripts: tuple[AbsolutePath, ...] = ()
    log_files: tuple[AbsolutePath, ...] = ()
    files: tuple[WatchedFile, ...] = ()
    interactive_users: tuple[str, ...] = ()
    sudo_holders: tuple[str, ...] = ()
    authorized_keys: tuple[ListedKey, ...] = ()
    listeners: tuple[ListedListener, ...] = ()
    data_mounts: tuple[AbsolutePath, ...] = ()
    restore_records: AbsolutePath | None = Field(
        default=None, description="folder with signed records of restore tests (restore-1)"
    )
    restore_signers: dict[str, AbsolutePath] = Field(
        default_factory=dict, description="name to public key: whose signature on a record counts"
    )
