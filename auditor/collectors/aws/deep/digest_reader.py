"""Reading the digests of a trail in one region, and the log files that they name. Needs botocore.

(1) the folder of the organization, where the trail is one's; (2) AWS's public keys of the region;
(3) the digests of the window; (4) each digest, kept as it stands; (5) each log file that a digest
names, as a stream of which only the hash is kept; (6) the names of log files that none names.
Whatever cannot be read leaves exactly those facts unread that depend on it; `digest_facts` decides.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from auditor.collectors.aws.caller import Caller, Reply, Request
from auditor.collectors.aws.deep.digest_facts import derive_digest_chain, named_logs
from auditor.collectors.aws.deep.digest_file import MAX_DIGEST_BYTES, LogName
from auditor.collectors.aws.deep.digest_names import (
    Names,
    accounts_root,
    ends_at,
    organization_of,
)
from auditor.collectors.aws.deep.scope import Part
from auditor.collectors.aws.extract import MALFORMED
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

_GZIP = zlib.MAX_WBITS | 16
_STEP = 1024 * 1024  # inflated at a time, however much a chunk stands for
_ABSENT = "NoSuchKey"
_LOG_FIELDS = ("log_count", "changed_logs", "missing_logs", "extra_logs")
_NEEDED = (
    "log_validation", "home_region", "multi_region", "organization", "name", "bucket",
    "bucket_prefix",
)  # fmt: skip
_OFF = "log file validation is off: the trail writes no digests"
_LIMIT_HINT = "raise digest_max_logs of the target, or shorten digest_hours"


@dataclass(slots=True)
class _Reading:
    """One reading of one chain: what it asks with, and what it could not read."""

    part: Part
    caller: Caller
    names: Names
    start: datetime
    end: datetime
    calls: list[Call]
    digest_gap: Gap | None = None
    log_gap: Gap | None = None
    list_gap: Gap | None = None

    @property
    def bucket(self) -> str:
        """The trail's bucket."""
        return str(self.part.data["bucket"])

    def send(self, request: Request) -> Reply:
        """Send, and keep the provenance."""
        reply = self.caller.send(request)
        self.calls.append(reply.call)
        return reply


class _StopError(Exception):
    """Without this answer nothing about the chain can be said."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


def read_digest_chain(part: Part, caller: Caller) -> tuple[Resource, list[Call]]:
    """The chain of one trail in one region, and the provenance of its calls."""
    start = part.read_at - timedelta(hours=part.settings.digest_hours)
    own = {"window_start": format_instant(start), "read_at": format_instant(part.read_at)}
    calls: list[Call] = []
    try:
        reading = _reading(part, caller, start, calls)
        raw = _raw(reading)
        facts = derive_digest_chain({**part.data, **own, "raw": raw})
    except _StopError as stop:
        return part.resource(own, dict.fromkeys(("raw", *part.derived), stop.gap)), calls
    except MALFORMED as error:
        gap = Gap(Cause.UNPARSABLE, f"{type(error).__name__}: {error}")
        return part.resource(own, dict.fromkeys(("raw", *part.derived), gap)), calls
    missing = [name for name in part.derived if name not in facts]
    unread = {name: _why(reading, name) for name in missing}
    return part.resource({**own, "raw": raw, **facts}, unread), calls


def _reading(part: Part, caller: Caller, start: datetime, calls: list[Call]) -> _Reading:
    """What is asked with; a trail of which a needed field is unread cannot be read."""
    data = part.data
    for name in _NEEDED:
        if name not in data:
            raise _StopError(part.item.unread.get(name, Gap(Cause.UNPARSABLE, f"no {name}")))
    if data["log_validation"] is not True:
        raise _StopError(Gap(Cause.NOT_SUPPORTED, _OFF))
    names = Names(
        prefix=str(data["bucket_prefix"] or ""),
        organization="",
        account=part.account,
        region=part.region,
        trail=str(data["name"]),
        home=str(data["home_region"]),
    )
    return _Reading(part, caller, names, start, part.read_at, calls)


def _why(reading: _Reading, name: str) -> Gap:
    of_logs = reading.list_gap if name == "extra_logs" else reading.log_gap
    gap = (of_logs if name in _LOG_FIELDS else None) or reading.digest_gap
    return gap or Gap(Cause.INTERNAL, "it was not computed")


def _raw(reading: _Reading) -> dict[str, object]:
    if reading.part.data["organization"] is True:
        reading.names = replace(reading.names, organization=_organization(reading))
    keys = _public_keys(reading)
    digests, unread = _digests(reading)
    raw: dict[str, Any] = {
        "public_keys": keys,
        "digests": digests,
        "unread_digests": unread,
        "other_trails": _other_trails(reading),
    }
    named = named_logs(raw)
    raw["logs"] = [_log(reading, log, number) for number, log in enumerate(named)]
    raw["unnamed_logs"] = _unnamed(reading, {(log.bucket, log.key) for log in named})
    return raw


def _organization(reading: _Reading) -> str:
    params = {
        "Bucket": reading.bucket,
        "Prefix": accounts_root(reading.names.prefix),
        "Delimiter": "/",
    }
    reply = reading.send(Request("s3", reading.names.home, "ListObjectsV2", params))
    if reply.gap is not None:
        raise _StopError(reply.gap)
    prefixes: Any = reply.body.get("CommonPrefixes") or []
    found = sorted({organization_of(str(entry["Prefix"])) for entry in prefixes} - {""})
    if len(found) != 1:
        detail = f"expected one folder of an organization, found {', '.join(found) or 'none'}"
        raise _StopError(Gap(Cause.UNPARSABLE, detail, action="s3:ListBucket"))
    return found[0]


def _public_keys(reading: _Reading) -> list[dict[str, str]]:
    """AWS's keys of the region: each region signs with its own."""
    # The digest before the window may be signed with an older key.
    params = {
        "StartTime": format_instant(reading.start - timedelta(days=1)),
        "EndTime": format_instant(reading.end),
    }
    reply = reading.send(Request("cloudtrail", reading.part.region, "ListPublicKeys", params))
    if reply.gap is not None:
        raise _StopError(reply.gap)
    found: Any = reply.body.get("PublicKeyList")
    try:
        keys = [
            {
                "fingerprint": str(key["Fingerprint"]),
                "value": base64.b64encode(key["Value"]).decode("ascii"),
            }
            for key in found
        ]
    except (TypeError, KeyError) as error:
        detail = f"PublicKeyList: {type(error).__name__} {error}"
        raise _StopError(
            Gap(Cause.UNPARSABLE, detail, action="cloudtrail:ListPublicKeys")
        ) from error
    return sorted(keys, key=lambda key: key["fingerprint"])


def _listed(reading: _Reading, folder: str) -> list[Mapping[str, Any]] | Gap:
    params = {"Bucket": reading.bucket, "Prefix": folder}
    reply = reading.send(Request("s3", reading.names.home, "ListObjectsV2", params))
    if reply.gap is not None:
        return reply.gap
    contents: Any = reply.body.get("Contents") or []
    return list(contents)


def _digests(reading: _Reading) -> tuple[list[dict[str, object]], list[str]]:
    """The digests of the window, with the one before, and the keys of those that are unread."""
    keys: list[str] = []
    for folder in reading.names.digest_folders(reading.start, reading.end):
        found = _listed(reading, folder)
        if isinstance(found, Gap):
            raise _StopError(found)
        keys += [item["Key"] for item in found if reading.names.is_own_digest(item["Key"])]
    keys = sorted(key for key in keys if (ends_at(key) or reading.end) >= reading.start)
    digests: list[dict[str, object]] = []
    unread: list[str] = []
    for key in keys:
        content, signature, gap = _digest(reading, key)
        if gap is None:
            digests.append({"key": key, "content": content, "signature": signature})
        else:
            unread.append(key)
            reading.digest_gap = reading.log_gap = gap
            reading.list_gap = gap
    return digests, unread


def _digest(reading: _Reading, key: str) -> tuple[str, str | None, Gap | None]:
    """The object as it stands, in base64, and the signature in its metadata."""
    parts: list[bytes] = []

    def take(chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            parts.append(chunk)
            if sum(map(len, parts)) > MAX_DIGEST_BYTES:
                raise ValueError(f"longer than {MAX_DIGEST_BYTES} bytes")

    reply = _fetch(reading, reading.bucket, key, take)
    if reply.gap is not None:
        return "", None, replace(reply.gap, detail=f"{key}: {reply.gap.detail}")
    metadata: Any = reply.body.get("Metadata") or {}
    return base64.b64encode(b"".join(parts)).decode("ascii"), metadata.get("signature"), None


def _fetch(reading: _Reading, bucket: str, key: str, take: Any) -> Reply:
    params = {"Bucket": bucket, "Key": key}
    request = Request("s3", reading.names.home, "GetObject", params)
    reply = reading.caller.fetch(request, take)
    reading.calls.append(reply.call)
    return reply


class _Hash:
    """The SHA-256 of a gzip file's content, as it arrives."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._inflater = zlib.decompressobj(_GZIP)
        self.broken = False

    def take(self, chunks: Iterator[bytes]) -> None:
        """Read to the end; what is behind the end of the gzip member is not CloudTrail's."""
        for chunk in chunks:
            self._add(chunk)
        self.broken = self.broken or not self._inflater.eof

    def _add(self, chunk: bytes) -> None:
        while chunk and not self.broken:
            try:
                self._hash.update(self._inflater.decompress(chunk, _STEP))
            except zlib.error:
                self.broken = True
            chunk = self._inflater.unconsumed_tail
            self.broken = self.broken or bool(self._inflater.unused_data)

    def state(self) -> dict[str, object]:
        """`read` with the hash, or `broken`."""
        if self.broken:
            return {"state": "broken", "sha256": None}
        return {"state": "read", "sha256": self._hash.hexdigest()}


def _log(reading: _Reading, log: LogName, number: int) -> dict[str, object]:
    """What became of a log file: read, broken, missing or unread."""
    own: dict[str, object] = {"bucket": log.bucket, "key": log.key}
    if number >= reading.part.settings.digest_max_logs:
        limit = reading.part.settings.digest_max_logs
        detail = f"the digests name more than {limit} log files"
        reading.log_gap = Gap(Cause.LIMIT, detail, action="s3:GetObject", hint=_LIMIT_HINT)
        return own | {"state": "unread", "sha256": None}
    content = _Hash()
    reply = _fetch(reading, log.bucket, log.key, content.take)
    if reply.code == _ABSENT:
        return own | {"state": "missing", "sha256": None}
    if reply.gap is not None:
        reading.log_gap = replace(reply.gap, detail=f"{log.key}: {reply.gap.detail}")
        return own | {"state": "unread", "sha256": None}
    return own | content.state()


def _other_trails(reading: _Reading) -> list[str]:
    """Other trails that write into the same folders of the region."""
    request = Request(
        "cloudtrail", reading.part.region, "DescribeTrails", {"includeShadowTrails": True}
    )
    reply = reading.caller.shared(request)
    reading.calls.append(reply.call)
    if reply.gap is not None:
        raise _StopError(reply.gap)
    trails: Any = reply.body.get("trailList") or []
    place = (reading.bucket, reading.names.prefix, reading.part.data["organization"])
    return sorted(
        str(trail["TrailARN"])
        for trail in trails
        if trail["TrailARN"] != reading.part.data["trail"]
        and (trail["S3BucketName"], trail.get("S3KeyPrefix") or "", trail["IsOrganizationTrail"])
        == place
    )


def _unnamed(reading: _Reading, named: set[tuple[str, str]]) -> list[dict[str, str]] | None:
    """Objects among the log files that no digest names; None where they could not be listed."""
    found: list[dict[str, str]] = []
    for folder in reading.names.log_folders(reading.start, reading.end):
        listed = _listed(reading, folder)
        if isinstance(listed, Gap):
            reading.list_gap = listed
            return None
        found += [
            {"key": item["Key"], "modified_at": format_instant(item["LastModified"])}
            for item in listed
            if (reading.bucket, item["Key"]) not in named
        ]
    return found
