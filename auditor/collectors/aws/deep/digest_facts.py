"""What the digests of a trail in a region prove, from the files themselves. Pure.

Whoever judges a run again computes all of this once more from `raw`: the digest files as they
stood in the bucket, AWS's public keys, and the hashes of the log files (which are not kept).
A fact that could come out otherwise if an unread file were read is left out, unless it is bad
already: no file that may be read can make it good.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditor.collectors.aws.deep.digest_file import Digest, LogName, is_signed, parse_digest
from auditor.collectors.aws.deep.digest_names import ends_at, is_backfill
from auditor.core.times import format_instant, parse_instant

# Clocks of the two ends of an hour; a digest covers an hour.
_TOLERANCE = timedelta(minutes=1)
# A file delivered so close to either end may be named by the digest on the other side of it.
_MARGIN = timedelta(minutes=15)


@dataclass(slots=True)
class _Chain:
    """The digests by key, and what is wrong with each."""

    digests: dict[str, Digest] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)

    @property
    def proven(self) -> list[tuple[str, Digest]]:
        """Those that stand where they say, with AWS's signature."""
        bad = {*self.moved, *self.unknown, *self.unsigned}
        return [(key, digest) for key, digest in self.digests.items() if key not in bad]


def derive_digest_chain(data: Mapping[str, object]) -> Mapping[str, object]:
    """The derived fields of an `aws.cloudtrail.digest_chain`.

    Args:
        data: Its other fields, with `raw`; without it nothing can be said.
    """
    raw: Any = data.get("raw")
    if not isinstance(raw, Mapping):
        return {}
    chain = _chain(raw, str(data["bucket"]))
    window = (parse_instant(data["window_start"]), parse_instant(data["read_at"]))
    unread = {str(key) for key in raw["unread_digests"]}
    logs = _log_facts(chain, raw, complete=not unread)
    facts: dict[str, object] = {
        "digest_count": len(raw["digests"]) + len(unread),
        "broken_digests": chain.broken,
        "moved_digests": chain.moved,
        "unknown_keys": chain.unknown,
        "bad_signatures": chain.unsigned,
        "broken_links": sorted(_broken_links(chain, window[0], unread)),
    }
    if unread:
        return {name: value for name, value in facts.items() if value} | logs
    return facts | _coverage(chain, window) | logs


def named_logs(raw: Mapping[str, Any]) -> list[LogName]:
    """The log files that the digests name, each once, in their order.

    Digests that are broken name none.
    """
    found: dict[tuple[str, str], LogName] = {}
    for item in raw["digests"]:
        digest = _parsed(item)
        for log in digest.logs if digest else ():
            found.setdefault((log.bucket, log.key), log)
    return list(found.values())


def _parsed(item: Mapping[str, Any]) -> Digest | None:
    try:
        content = base64.b64decode(item["content"], validate=True)
        return parse_digest(content, item["signature"] or "")
    except (ValueError, binascii.Error):
        return None


def _chain(raw: Mapping[str, Any], bucket: str) -> _Chain:
    keys = {key["fingerprint"]: key["value"] for key in raw["public_keys"]}
    chain = _Chain()
    for item in raw["digests"]:
        key = item["key"]
        digest = _parsed(item)
        if digest is None:
            chain.broken.append(key)
            continue
        chain.digests[key] = digest
        if digest.place != f"{bucket}/{key}":
            chain.moved.append(key)
        if digest.fingerprint not in keys:
            chain.unknown.append(key)
        elif not is_signed(digest, base64.b64decode(keys[digest.fingerprint])):
            chain.unsigned.append(key)
    return chain


def _broken_links(chain: _Chain, start: datetime, unread: set[str]) -> Iterator[str]:
    """Digests whose predecessor is not there, is another one, or is not named at all."""
    first = min((d.end for key, d in chain.digests.items() if not is_backfill(key)), default=start)
    for key, digest in chain.digests.items():
        before = digest.previous
        if before is None:
            if digest.end != first and not is_backfill(key):
                yield key  # a new chain begins in the middle: recording or signing was off
        elif before.bucket != digest.place.partition("/")[0]:
            yield key
        elif before.key in chain.digests:
            found = chain.digests[before.key]
            if (found.sha256, found.signature) != (before.sha256, before.signature):
                yield key
        elif before.key not in unread and _should_be_here(before.key, start):
            yield key


def _should_be_here(key: str, start: datetime) -> bool:
    end = ends_at(key)
    return end is None or end >= start


def _coverage(chain: _Chain, window: tuple[datetime, datetime]) -> dict[str, object]:
    """The times of the window without a proven digest, up to the newest one."""
    spans = sorted((d.start, d.end) for key, d in chain.proven if not is_backfill(key))
    latest = max((end for _start, end in spans), default=None)
    gaps = list(_uncovered(spans, window[0], latest or window[1]))
    return {
        "gaps": [{"start": format_instant(a), "end": format_instant(b)} for a, b in gaps],
        "latest_digest_at": format_instant(latest) if latest else None,
    }


def _uncovered(
    spans: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    reached = start
    for first, last in [*spans, (end, end)]:
        if first - reached > _TOLERANCE:
            yield reached, first
        reached = max(reached, last)


def _log_facts(chain: _Chain, raw: Mapping[str, Any], *, complete: bool) -> dict[str, object]:
    """Log files that differ from what the digests say; empty lists only where all were read."""
    read = {(log["bucket"], log["key"]): log for log in raw["logs"]}
    named = {(log.bucket, log.key): log for d in chain.digests.values() for log in d.logs}
    states = {place: read.get(place, {"state": "unread"}) for place in named}
    missing = [key for (_, key), found in states.items() if found["state"] == "missing"]
    changed = [
        place[1]
        for place, found in states.items()
        if found["state"] == "broken"
        or (found["state"] == "read" and found["sha256"] != named[place].sha256)
    ]
    known = complete and all(found["state"] != "unread" for found in states.values())
    facts: dict[str, object] = {"log_count": len(named)} if complete else {}
    facts |= {"missing_logs": sorted(missing)} if missing or known else {}
    facts |= {"changed_logs": sorted(changed)} if changed or known else {}
    return facts | (_extra_logs(chain, raw, named) if complete else {})


def _extra_logs(
    chain: _Chain, raw: Mapping[str, Any], named: Mapping[tuple[str, str], LogName]
) -> dict[str, object]:
    """Files among the logs that no digest names, written in the time that digests cover.

    Null where other trails write into the same folders: whose they are cannot be told.
    """
    if raw["unnamed_logs"] is None:
        return {}
    if raw["other_trails"]:
        return {"extra_logs": None}
    spans = [(d.start, d.end) for key, d in chain.proven if not is_backfill(key)]
    if not spans:
        return {"extra_logs": []}  # nothing is covered, which `gaps` says
    start = min(first for first, _last in spans) + _MARGIN
    end = max(last for _first, last in spans) - _MARGIN
    keys = {key for _bucket, key in named}
    extra = [
        item["key"]
        for item in raw["unnamed_logs"]
        if item["key"] not in keys and start <= parse_instant(item["modified_at"]) < end
    ]
    return {"extra_logs": sorted(extra)}
