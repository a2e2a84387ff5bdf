"""Buckets that hold backups: where they are copied to, and the series of their objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

from auditor.collectors.aws.facts.common import tags
from auditor.collectors.aws.facts.unreadable import Unreadable, mapping, mappings, text

_BUCKET = re.compile(r"arn:[a-z-]+:s3:::([^:/]+)", re.ASCII)
_HEX_FOLDER = re.compile(r"(?<![^/])[0-9a-f]{2}/(?=[0-9a-f]{16})", re.ASCII)  # restic's data/0f/
_HEX = re.compile(r"[0-9a-f]{8,}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_COMPARED = 14  # objects before the newest one, whose median is its measure


def tagged_buckets(resources: object) -> list[dict[str, object]]:
    """The buckets that the tagging service lists, with their names."""
    return [
        {**resource, "Name": _name(resource.get("ResourceARN"))}
        for resource in mappings(resources, "ResourceTagMappingList")
    ]


def _name(arn: object) -> object:
    match = _BUCKET.fullmatch(text(arn, "ARN")) if arn is not None else None
    return match[1] if match else None


def tags_of(resource: object) -> dict[str, str]:
    """The tags of an item of the tagging service."""
    return tags(mapping(resource, "resource").get("Tags"))


def replication_rules(rules: object) -> list[dict[str, object]]:
    """The rules, with where they apply and where they copy to."""
    return [_rule(rule) for rule in mappings(rules, "Rules")]


def _rule(rule: Mapping[str, object]) -> dict[str, object]:
    destination = mapping(rule.get("Destination"), "Destination")
    return {
        "id": rule.get("ID"),
        "enabled": text(rule.get("Status"), "Status") == "Enabled",
        "whole_bucket": not _narrowed(rule),
        "bucket": _name(destination.get("Bucket")),
        "account": destination.get("Account"),
    }


def _narrowed(rule: Mapping[str, object]) -> bool:
    condition = mapping(rule.get("Filter") or {}, "Filter")
    return any((rule.get("Prefix"), condition.get("Prefix"), condition.get("Tag"),
                condition.get("And")))  # fmt: skip


def replication_bucket(rules: object) -> str | None:
    """The bucket that an enabled rule copies everything to; null: there is none."""
    return _chosen(rules, "bucket")


def replication_account(rules: object) -> str | None:
    """The account that owns the copies there, where the rule says so; else null."""
    return _chosen(rules, "account")


def _chosen(rules: object, name: str) -> str | None:
    for rule in replication_rules(rules):
        if rule["enabled"] and rule["whole_bucket"]:
            return None if rule[name] is None else text(rule[name], name)
    return None


def bucket_regions(buckets: object) -> dict[str, object]:
    """Name of each of the account's buckets to its region."""
    return {
        text(bucket.get("Name"), "Name"): (
            bucket.get("BucketRegion") or Unreadable("BucketRegion is left out")
        )
        for bucket in mappings(buckets, "Buckets")
    }


@dataclass(frozen=True, slots=True)
class _Object:
    key: str
    size: int
    at: datetime


def object_series(objects: object) -> list[dict[str, object]]:
    """The objects of a bucket in series: keys that differ in numbers and digests only.

    `db/shop-2026-03-30.sql.gz` and the one of the day after are one series. Each says when its
    newest object was written, its size, and the median size of up to 14 objects before it.
    """
    grouped: dict[str, list[_Object]] = {}
    for found in _objects(objects):
        grouped.setdefault(_pattern(found.key), []).append(found)
    return [_summary(pattern, own) for pattern, own in sorted(grouped.items())]


def _objects(objects: object) -> list[_Object]:
    # S3 leaves the list out where the bucket is empty.
    return [_object(item) for item in ([] if objects is None else mappings(objects, "Contents"))]


def _object(item: Mapping[str, object]) -> _Object:
    size, at = item.get("Size"), item.get("LastModified")
    if isinstance(size, bool) or not isinstance(size, int):
        raise ValueError(f"Size: got {size!r}, expected a number")
    if not isinstance(at, datetime):
        raise ValueError(f"LastModified: got {at!r}, expected a time")
    return _Object(text(item.get("Key"), "Key"), size, at)


def _pattern(key: str) -> str:
    return _DIGITS.sub("#", _HEX.sub("#", _HEX_FOLDER.sub("#/", key)))


def _summary(pattern: str, objects: list[_Object]) -> dict[str, object]:
    ordered = sorted(objects, key=lambda found: (found.at, found.key))
    newest, before = ordered[-1], ordered[-1 - _COMPARED : -1]
    return {
        "pattern": pattern,
        "objects": len(ordered),
        "newest_key": newest.key,
        "newest_at": newest.at,
        "newest_bytes": newest.size,
        "median_bytes": median_low(found.size for found in before) if before else None,
    }


def newest_object_at(objects: object) -> datetime | None:
    """When the newest object was written; null: there is none."""
    return max((found.at for found in _objects(objects)), default=None)
