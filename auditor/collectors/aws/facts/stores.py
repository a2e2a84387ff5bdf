"""What the configuration of databases, caches and search domains says."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.aws.facts.unreadable import (
    Unreadable,
    mapping,
    mappings,
    optional_mappings,
    sequence,
    text,
)

_ENCRYPTED_STORAGE = {"sse-elasticache", "sse-kms"}
_ARN_PARTS = 6


def arn_kind(arn: object) -> str:
    """Service and kind of thing of an ARN: `rds:db`, `dynamodb:table`."""
    parts = text(arn, "ResourceARN").split(":", maxsplit=_ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS:
        raise ValueError(f"ResourceARN: got {arn!r}")
    return f"{parts[2]}:{parts[5].replace('/', ':').partition(':')[0]}"


def clusters_by_instance(instances: object) -> dict[str, str]:
    """ARN of each database instance that is a member of a cluster to the cluster's name."""
    return {
        text(instance.get("DBInstanceArn"), "DBInstanceArn"): text(cluster, "DBClusterIdentifier")
        for instance in mappings(instances, "DBInstances")
        if (cluster := instance.get("DBClusterIdentifier")) is not None
    }


def restore_accounts(attributes: object) -> list[str]:
    """Accounts that may restore a snapshot, sorted; `all` is everybody.

    Raises:
        ValueError: The answer does not name the attribute `restore`, which every manual snapshot
            has.
    """
    for attribute in mappings(attributes, "attributes"):
        if attribute.get("AttributeName") == "restore":
            values = attribute.get("AttributeValues")
            if values is None:  # an empty list of the query protocol may be left out
                return []
            return sorted(
                text(value, "AttributeValues") for value in sequence(values, "AttributeValues")
            )
    raise ValueError("the answer has no attribute 'restore'")


def cache_storage_encrypted(group: object) -> bool:
    """Whether the storage of a replication group is encrypted.

    AWS: the flag may be false where the storage is encrypted; `StorageEncryptionType` then says so.
    """
    found = mapping(group, "replication group")
    flag, kind = found.get("AtRestEncryptionEnabled"), found.get("StorageEncryptionType")
    if not isinstance(flag, bool) and kind is None:
        raise ValueError("AtRestEncryptionEnabled is left out")
    return flag is True or kind in _ENCRYPTED_STORAGE


def open_users_by_group(users: object) -> dict[str, object]:
    """Id of each user group to the ids of its users that enter without a password, sorted.

    A user that is switched `off` in its access string cannot enter (Redis, ACL rules).
    """
    found: dict[str, list[str]] = {}
    unreadable: dict[str, object] = {}
    for user in mappings(users, "Users"):
        # AWS leaves the list out where the user is in no group.
        for group in sequence(user.get("UserGroupIds") or [], "UserGroupIds"):
            name = text(group, "UserGroupIds")
            members = found.setdefault(name, [])
            try:
                if _enters_freely(user):
                    members.append(text(user.get("UserId"), "UserId"))
            except ValueError as error:
                unreadable[name] = Unreadable(str(error))
    return {name: sorted(members) for name, members in found.items()} | unreadable


def _enters_freely(user: Mapping[str, object]) -> bool:
    authentication = mapping(user.get("Authentication"), "Authentication")
    if text(authentication.get("Type"), "Authentication.Type") != "no-password":
        return False
    return "off" not in text(user.get("AccessString"), "AccessString").split()


def audit_log_on(options: object) -> bool:
    """Whether a search domain publishes its audit log; one not configured is left out."""
    configured = mapping(options or {}, "LogPublishingOptions")
    audit = mapping(configured.get("AUDIT_LOGS") or {}, "AUDIT_LOGS")
    return audit.get("Enabled") is True


def members(clusters: object) -> list[str]:
    """Names of the instances of a cluster; a cluster without any leaves the list out."""
    return [
        text(member.get("DBInstanceIdentifier"), "DBInstanceIdentifier")
        for member in optional_mappings(clusters, "DBClusterMembers")
    ]
