"""Where CloudTrail puts digests and log files in a bucket. Pure.

`[prefix/]AWSLogs/[organization/]account/CloudTrail-Digest/region/year/month/day/`, and for log
files `CloudTrail` in the place of `CloudTrail-Digest`. Several trails may share the folders: names
of digests hold the trail's, names of log files do not. A digest with `_backfill` in its name holds
log files that came too late for theirs, and stands beside the chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_TIME = re.compile(r"_(\d{8}T\d{6}Z)(_backfill)?\.json\.gz$", re.ASCII)
_ORGANIZATION = re.compile(r"(?:^|/)(o-[a-z0-9]{10,32})/$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one trail's files in one region.

    Args:
        prefix: Of the trail, "" without one.
        organization: `o-...` for a trail of an organization, else "".
    """

    prefix: str
    organization: str
    account: str
    region: str
    trail: str
    home: str

    def digest_folders(self, start: datetime, end: datetime) -> Iterator[str]:
        """The folders that digests of the window stand in, a day each."""
        return self._folders("CloudTrail-Digest", start, end)

    def log_folders(self, start: datetime, end: datetime) -> Iterator[str]:
        """The folders that log files of the window stand in, a day each."""
        return self._folders("CloudTrail", start, end)

    def is_own_digest(self, key: str) -> bool:
        """Whether the name is one of this trail's digests."""
        stem = f"{self.account}_CloudTrail-Digest_{self.region}_{self.trail}_{self.home}"
        name = key.rpartition("/")[2]
        found = _TIME.search(name)
        return found is not None and name[: found.start()] == stem

    def _folders(self, kind: str, start: datetime, end: datetime) -> Iterator[str]:
        root = accounts_root(self.prefix)
        inner = f"{self.organization}/" if self.organization else ""
        day = start.astimezone(UTC).date()
        while day <= end.astimezone(UTC).date():
            yield f"{root}{inner}{self.account}/{kind}/{self.region}/{day:%Y/%m/%d}/"
            day += timedelta(days=1)


def accounts_root(prefix: str) -> str:
    """The folder of a trail's accounts, or of its organization."""
    return f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"


def organization_of(folder: str) -> str:
    """The organization that a folder is named after, "" where it is none."""
    found = _ORGANIZATION.search(folder)
    return found[1] if found else ""


def is_backfill(key: str) -> bool:
    """Whether the digest holds log files that came too late."""
    return key.endswith("_backfill.json.gz")


def ends_at(key: str) -> datetime | None:
    """The end that a digest's name states; None where it states none."""
    found = _TIME.search(key)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
