"""Facts about databases, caches, search domains, and buckets that hold backups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.collectors.aws.facts import Unreadable
from auditor.collectors.aws.facts.backup_bucket import (
    bucket_regions,
    newest_object_at,
    object_series,
    replication_account,
    replication_bucket,
    replication_rules,
    tagged_buckets,
    tags_of,
)
from auditor.collectors.aws.facts.stores import (
    arn_kind,
    audit_log_on,
    cache_storage_encrypted,
    clusters_by_instance,
    members,
    open_users_by_group,
    restore_accounts,
)

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        ("arn:aws:rds:eu-west-1:111122223333:db:shop", "rds:db"),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/a:b", "dynamodb:table"),
        ("arn:aws-cn:fsx:cn-north-1:111122223333:file-system/fs-1", "fsx:file-system"),
    ],
)
def test_the_kind_of_an_arn(arn: str, kind: str) -> None:
    assert arn_kind(arn) == kind


def test_what_is_no_arn_has_no_kind() -> None:
    with pytest.raises(ValueError, match="ResourceARN"):
        arn_kind("shop")


def test_members_of_clusters() -> None:
    instances = [
        {"DBInstanceArn": "arn:a", "DBClusterIdentifier": "orders"},
        {"DBInstanceArn": "arn:b"},
    ]
    assert clusters_by_instance(instances) == {"arn:a": "orders"}
    assert members([{"DBInstanceIdentifier": "a"}, {"DBInstanceIdentifier": "b"}]) == ["a", "b"]
    assert members(None) == []


def test_accounts_that_may_restore_a_snapshot() -> None:
    other = {"AttributeName": "other", "AttributeValues": ["all"]}
    assert restore_accounts([other, {"AttributeName": "restore"}]) == []
    shared = {"AttributeName": "restore", "AttributeValues": ["all", "111122223333"]}
    assert restore_accounts([other, shared]) == ["111122223333", "all"]
    with pytest.raises(ValueError, match="no attribute 'restore'"):
        restore_accounts([other])
    with pytest.raises(ValueError, match="attributes"):
        restore_accounts(None)


def test_storage_of_a_cache() -> None:
    assert cache_storage_encrypted({"AtRestEncryptionEnabled": True})
    assert not cache_storage_encrypted({"AtRestEncryptionEnabled": False})
    effective = {"AtRestEncryptionEnabled": False, "StorageEncryptionType": "sse-elasticache"}
    assert cache_storage_encrypted(effective)
    assert not cache_storage_encrypted({"StorageEncryptionType": "none"})
    with pytest.raises(ValueError, match="AtRestEncryptionEnabled"):
        cache_storage_encrypted({})


def _user(name: str, kind: str = "no-password", access: str = "on ~* +@all") -> dict[str, object]:
    return {
        "UserId": name,
        "UserGroupIds": ["shop", "stock"],
        "Authentication": {"Type": kind},
        "AccessString": access,
    }


def test_users_that_enter_without_a_password() -> None:
    users = [
        _user("b"),
        _user("a"),
        _user("strong", "password"),
        _user("role", "iam"),
        _user("default", access="off -@all"),
        {"UserId": "alone", "UserGroupIds": []},
        {"UserId": "lone"},
    ]
    assert open_users_by_group(users) == {"shop": ["a", "b"], "stock": ["a", "b"]}
    assert open_users_by_group([_user("strong", "password")]) == {"shop": [], "stock": []}
    assert open_users_by_group([]) == {}


def test_a_malformed_user_makes_its_groups_unreadable() -> None:
    found = open_users_by_group([_user("a") | {"Authentication": None}, _user("b")])
    assert isinstance(found["shop"], Unreadable)


def test_audit_log_of_a_search_domain() -> None:
    assert not audit_log_on(None)
    assert not audit_log_on({"ES_APPLICATION_LOGS": {"Enabled": True}})
    assert not audit_log_on({"AUDIT_LOGS": {"Enabled": False}})
    assert audit_log_on({"AUDIT_LOGS": {"Enabled": True}})


def test_tagged_buckets_have_a_name() -> None:
    tagged = [{"Key": "purpose", "Value": "backup"}]
    items = tagged_buckets(
        [
            {"ResourceARN": "arn:aws-cn:s3:::backups", "Tags": tagged},
            {"ResourceARN": "arn:aws:s3:eu-west-1:1:accesspoint/x"},
            {},
        ]
    )
    assert [item["Name"] for item in items] == ["backups", None, None]
    assert tags_of(items[0]) == {"purpose": "backup"}


def _rule(status: object = "Enabled", **more: object) -> dict[str, object]:
    destination = {"Bucket": "arn:aws:s3:::copies", "Account": "444455556666"}
    return {"ID": "all", "Status": status, "Destination": destination} | more


@pytest.mark.parametrize(
    "narrowing",
    [
        {"Prefix": "db/"},
        {"Filter": {"Prefix": "db/"}},
        {"Filter": {"Tag": {"Key": "a", "Value": "b"}}},
        {"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}},
    ],
)
def test_a_narrowed_rule_does_not_copy_the_bucket(narrowing: dict[str, object]) -> None:
    rules = [_rule(**narrowing)]
    assert replication_rules(rules)[0]["whole_bucket"] is False
    assert replication_bucket(rules) is None
    assert replication_account(rules) is None


def test_where_a_bucket_is_copied_to() -> None:
    rules = [_rule("Disabled"), _rule(Filter={"Prefix": ""}, Prefix="")]
    assert [rule["enabled"] for rule in replication_rules(rules)] == [False, True]
    assert replication_bucket(rules) == "copies"
    assert replication_account(rules) == "444455556666"
    assert replication_bucket([_rule("Disabled")]) is None
    own = _rule(Destination={"Bucket": "arn:aws:s3:::copies"})
    assert replication_account([own]) is None
    with pytest.raises(ValueError, match="Destination"):
        replication_rules([{"Status": "Enabled"}])


def test_regions_of_the_own_buckets() -> None:
    found = bucket_regions([{"Name": "a", "BucketRegion": "eu-west-1"}, {"Name": "b"}])
    assert found["a"] == "eu-west-1"
    assert isinstance(found["b"], Unreadable)


def _object(key: str, size: int, at: datetime) -> dict[str, object]:
    return {"Key": key, "Size": size, "LastModified": at}


def test_objects_become_series() -> None:
    objects = [
        _object(f"db/shop-2026-03-{day:02}.sql.gz", 1000 + day, NOON + day * DAY)
        for day in range(1, 21)
    ]
    objects.append(_object("files/x.tar", 7, NOON))
    shop, files = object_series(objects)
    assert shop == {
        "pattern": "db/shop-#-#-#.sql.gz",
        "objects": 20,
        "newest_key": "db/shop-2026-03-20.sql.gz",
        "newest_at": NOON + 20 * DAY,
        "newest_bytes": 1020,
        "median_bytes": 1012,  # of the fourteen before: 1006 to 1019
    }
    assert (files["pattern"], files["objects"], files["median_bytes"]) == ("files/x.tar", 1, None)
    assert newest_object_at(objects) == NOON + 20 * DAY


def test_digests_in_keys_do_not_make_a_series_each() -> None:
    digest = "3c8b6f0e9d21aa47"
    keys = [f"data/{folder}/{folder}{digest}" for folder in ("3c", "ab", "0f")]
    assert {found["pattern"] for found in object_series([_object(k, 1, NOON) for k in keys])} == {
        "data/#/#"
    }
    named = [_object("db/a.gz", 1, NOON), _object("fa/a.gz", 1, NOON)]
    assert [found["pattern"] for found in object_series(named)] == ["db/a.gz", "fa/a.gz"]


def test_an_empty_bucket_and_malformed_objects() -> None:
    assert object_series(None) == []
    assert newest_object_at(None) is None
    with pytest.raises(ValueError, match="Size"):
        object_series([{"Key": "a", "Size": True, "LastModified": NOON}])
    with pytest.raises(ValueError, match="LastModified"):
        newest_object_at([{"Key": "a", "Size": 1}])
