"""Buckets and disks, as declarations state them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.aws.declared.hidden import HiddenError
from auditor.collectors.aws.facts.bucket import acl_public, lifecycle_rules, retention_days
from auditor.collectors.aws.facts.unreadable import mapping, mappings, sequence, text
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_SWITCHES = ("block_public_acls", "ignore_public_acls", "block_public_policy",
             "restrict_public_buckets")  # fmt: skip
_AWS_ALIAS = "alias/aws/"
_GROUP = "http://acs.amazonaws.com/groups/global/"
# S3 User Guide, "Canned ACL", beside the owner's own right.
_CANNED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "private": (),
    "public-read": (("AllUsers", "READ"),),
    "public-read-write": (("AllUsers", "READ"), ("AllUsers", "WRITE")),
    "authenticated-read": (("AuthenticatedUsers", "READ"),),
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
    "aws-exec-read": (),
    "log-delivery-write": (),
}


def access_block(switches: object) -> dict[str, bool]:
    """The four switches, in either spelling; one that nobody wrote is off in both languages."""
    found = mapping(switches, "public access block")
    levelled = {name.replace("_", "").lower(): value for name, value in found.items()}
    return {name: switch(levelled.get(name.replace("_", ""))) for name in _SWITCHES}


def switch(value: object) -> bool:
    """A flag, as such or as text; null is off.

    Raises:
        ValueError: Something else.
    """
    if value is None or isinstance(value, bool):
        return value is True
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"got {value!r:.60}, expected true or false")


def acl_public_of(acl: object) -> bool:
    """Whether an access list, canned or written out, grants anything to everybody."""
    return acl_public([{"Grantee": {"URI": one["grantee"]}} for one in acl_grants_of(acl)])


def acl_grants_of(acl: object) -> list[dict[str, str]]:
    """Grants of an access list beside the owner's own.

    Args:
        acl: Name of a canned one; or `acl` and `access_control_policy`, or `acl` and `grant`.

    Raises:
        ValueError: A canned list that is not known.
    """
    found = {"acl": acl} if isinstance(acl, str) else mapping(acl, "access list")
    grants = []
    canned = found.get("acl")
    if canned not in (None, ""):
        name = text(canned, "acl")
        level = name.lower() if "-" in name else _dashed(name)
        if level not in _CANNED:
            raise ValueError(f"acl: {name!r} is no canned access list that is known")
        grants += [{"grantee": _GROUP + who, "permission": what} for who, what in _CANNED[level]]
    for policy in _mappings_or_none(found.get("access_control_policy")):
        for grant in _mappings_or_none(policy.get("grant")):
            for grantee in _mappings_or_none(grant.get("grantee")):
                grants.append(_grant(grantee, [grant.get("permission")]))
    for grant in _mappings_or_none(found.get("grant")):
        grants.append(_grant(grant, sequence(grant.get("permissions"), "permissions")))
    return grants


def _dashed(name: str) -> str:
    """CloudFormation writes `PublicRead`."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).removeprefix("-")


def _grant(grantee: Mapping[str, object], permissions: list[object]) -> dict[str, str]:
    who = grantee.get("uri") or grantee.get("id") or grantee.get("email_address")
    return {"grantee": text(who, "grantee"), "permission": ",".join(map(str, permissions))}


def _mappings_or_none(value: object) -> list[dict[str, object]]:
    return [] if value is None else mappings(value, "block")


def algorithm(value: object) -> str:
    """Name of an algorithm of default encryption; an empty one says nothing."""
    name = text(value, "sse_algorithm")
    if not name:
        raise ValueError("sse_algorithm is empty")
    return name


def is_aws_managed(key: object) -> bool:
    """Whether a key is named by an alias that AWS alone can make.

    Raises:
        HiddenError: The key is named by its id: whose it is stands in the account.
    """
    name = text(key, "key")
    if not name:
        return False
    if _AWS_ALIAS in name:
        return True
    if "alias/" in name:
        return False
    detail = f"whether AWS manages the key {name} stands in the account"
    raise HiddenError(Gap(Cause.NOT_DECLARED, detail))


def lock_days(retention: object) -> int | None:
    """Days of a default retention, in either spelling."""
    found = mapping(retention, "default_retention")
    levelled = {name.lower(): _number(value) for name, value in found.items()}
    return retention_days({"Days": levelled.get("days"), "Years": levelled.get("years")})


def lifecycle_of(rules: object) -> list[dict[str, object]]:
    """Rules of `aws_s3_bucket_lifecycle_configuration`."""
    return lifecycle_rules([_terraform_rule(rule) for rule in mappings(rules, "rule")])


def _terraform_rule(rule: Mapping[str, object]) -> dict[str, object]:
    condition = _first(rule, "filter")
    combined = _first(condition, "and")
    narrowing = {
        name: value
        for part in (condition, combined)
        for name, value in part.items()
        if name != "and" and value not in (None, "", [], {}, 0, "0")
    }
    expiration = _first(rule, "expiration")
    noncurrent = _first(rule, "noncurrent_version_expiration")
    upload = _first(rule, "abort_incomplete_multipart_upload")
    return {
        "ID": rule.get("id"),
        "Status": rule.get("status"),
        "Prefix": rule.get("prefix"),
        "Filter": {"Prefix" if n == "prefix" else n: v for n, v in narrowing.items()},
        "Expiration": {"Days": _number(expiration.get("days")), "Date": expiration.get("date")},
        "NoncurrentVersionExpiration": {
            "NoncurrentDays": _number(noncurrent.get("noncurrent_days")),
            "NewerNoncurrentVersions": _number(noncurrent.get("newer_noncurrent_versions")),
        },
        "AbortIncompleteMultipartUpload": {
            "DaysAfterInitiation": _number(upload.get("days_after_initiation"))
        },
    }


def template_lifecycle(rules: object) -> list[dict[str, object]]:
    """Rules of a template's `LifecycleConfiguration`."""
    return lifecycle_rules([_template_rule(rule) for rule in mappings(rules, "Rules")])


def _template_rule(rule: Mapping[str, object]) -> dict[str, object]:
    noncurrent = mapping(rule.get("NoncurrentVersionExpiration") or {}, "Noncurrent")
    upload = mapping(rule.get("AbortIncompleteMultipartUpload") or {}, "AbortUpload")
    older = rule.get("NoncurrentVersionExpirationInDays")
    condition = {
        name: rule.get(name)
        for name in ("TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    }
    return {
        "ID": rule.get("Id"),
        "Status": rule.get("Status"),
        "Prefix": rule.get("Prefix"),
        "Filter": condition,
        "Expiration": {
            "Days": _number(rule.get("ExpirationInDays")), "Date": rule.get("ExpirationDate")
        },
        "NoncurrentVersionExpiration": {
            "NoncurrentDays": _number(noncurrent.get("NoncurrentDays", older)),
            "NewerNoncurrentVersions": _number(noncurrent.get("NewerNoncurrentVersions")),
        },
        "AbortIncompleteMultipartUpload": {
            "DaysAfterInitiation": _number(upload.get("DaysAfterInitiation"))
        },
    }  # fmt: skip


def _first(value: Mapping[str, object], name: str) -> dict[str, object]:
    """The one block of that name; blocks that may stand once are lists in Terraform."""
    found = _mappings_or_none(value.get(name)) if isinstance(value.get(name), list) else []
    return found[0] if found else {}


def _number(value: object) -> int | None:
    """A whole number, also as text; 0 and nothing are none: Terraform writes 0 for left out."""
    if value in (None, "", 0, "0"):
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError(f"got {value!r:.60}, expected a whole number")
    return int(str(value))


def upper_state(flag: object) -> str:
    """ENABLED or DISABLED, of a flag or of the word itself."""
    if isinstance(flag, str) and flag.upper() in {"ENABLED", "DISABLED"}:
        return flag.upper()
    return "ENABLED" if switch(flag) else "DISABLED"


def versioning_of(state: object) -> str:
    """Enabled, Suspended or Disabled: the word, or the flag of older configurations."""
    if isinstance(state, bool):
        return "Enabled" if state else "Disabled"
    return text(state, "status")
