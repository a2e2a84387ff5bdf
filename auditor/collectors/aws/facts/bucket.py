"""What the parts of a bucket's configuration say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.aws.facts.unreadable import mapping, mappings, text

_OLD_LOCATIONS: Mapping[object, str] = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}
_GROUPS = "http://acs.amazonaws.com/groups/global/"
_PUBLIC_GROUPS = {f"{_GROUPS}AllUsers", f"{_GROUPS}AuthenticatedUsers"}
_DAYS_OF_YEAR = 365  # S3 counts a year of retention so
_BLOCKS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def bucket_region(constraint: object) -> str:
    """Region of a location constraint, whose oldest values are older than region names."""
    return _OLD_LOCATIONS.get(constraint, "") or text(constraint, "LocationConstraint")


def acl_public(grants: object) -> bool:
    """Whether an access list grants anything to everybody or to every AWS user."""
    grantees = [mapping(grant.get("Grantee"), "Grantee") for grant in mappings(grants, "Grants")]
    return any(grantee.get("URI") in _PUBLIC_GROUPS for grantee in grantees)


def public_access_block(configuration: object) -> dict[str, bool]:
    """The four switches.

    Raises:
        ValueError: One of them is missing.
    """
    found = mapping(configuration, "PublicAccessBlockConfiguration")
    return {name: _switch(found, key) for name, key in _BLOCKS.items()}


def _switch(found: Mapping[str, object], key: str) -> bool:
    value = found.get(key)
    if not isinstance(value, bool):
        raise ValueError(f"{key}: got {value!r}, expected true or false")
    return value


def retention_days(retention: object) -> int | None:
    """Days of a default retention, which is stated in days or in years; null: none is set."""
    if retention is None:
        return None
    found = mapping(retention, "DefaultRetention")
    days, years = found.get("Days"), found.get("Years")
    if not isinstance(days, int) and not isinstance(years, int):
        raise ValueError("DefaultRetention: neither days nor years")
    return (days if isinstance(days, int) else 0) + (
        years * _DAYS_OF_YEAR if isinstance(years, int) else 0
    )


def lifecycle_rules(rules: object) -> list[dict[str, object]]:
    """The rules, with where they apply and when they delete."""
    return [_rule(rule) for rule in mappings(rules, "Rules")]


def _rule(rule: Mapping[str, object]) -> dict[str, object]:
    narrowing = dict(_narrowing(rule))
    expiration = mapping(rule.get("Expiration") or {}, "Expiration")
    noncurrent = mapping(rule.get("NoncurrentVersionExpiration") or {}, "Noncurrent")
    upload = mapping(rule.get("AbortIncompleteMultipartUpload") or {}, "AbortUpload")
    return {
        "id": rule.get("ID"),
        "enabled": rule.get("Status") == "Enabled",
        "whole_bucket": not narrowing,
        "prefix": narrowing.get("Prefix"),
        "expiration_days": expiration.get("Days"),
        "expiration_date": expiration.get("Date"),
        "noncurrent_expiration_days": noncurrent.get("NoncurrentDays"),
        "noncurrent_versions_kept": noncurrent.get("NewerNoncurrentVersions"),
        "abort_upload_days": upload.get("DaysAfterInitiation"),
    }


def _narrowing(rule: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Prefix, tags and sizes; an empty prefix and empty tags narrow nothing."""
    condition = mapping(rule.get("Filter") or {}, "Filter")
    combined = mapping(condition.get("And") or {}, "And")
    for part in ({"Prefix": rule.get("Prefix")}, condition, combined):
        for name, value in part.items():
            if name != "And" and value not in (None, "", []):
                yield name, value


def shortest_expiry_days(rules: object) -> int | None:
    """The least number of days after which an enabled rule deletes; null: none deletes.

    A rule with a date deletes all that is there on that day: 0.
    """
    found = [
        0 if rule["expiration_date"] is not None else rule["expiration_days"]
        for rule in lifecycle_rules(rules)
        if rule["enabled"]
    ]
    return min((days for days in found if isinstance(days, int)), default=None)
