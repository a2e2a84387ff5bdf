"""The floor: what boto3 alone costs for the reads that the scan makes. Run as a program.

One client a service, 16 threads, no evidence, no judgement. It makes no call that the answers show
to be needless (the status of a policy that is not there), and asks where a bucket lies, for the
stand-in's list does not say it. usage: _aws_floor URL
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"
BUCKET = (
    "get_bucket_location",
    "get_bucket_acl",
    "get_bucket_encryption",
    "get_bucket_lifecycle_configuration",
    "get_bucket_logging",
    "get_bucket_policy",
    "get_bucket_versioning",
    "get_public_access_block",
)
FOLLOWING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "get_bucket_policy": (lambda _answer: True, "get_bucket_policy_status"),
    "get_bucket_versioning": (
        lambda answer: answer.get("Status") == "Enabled",
        "get_object_lock_configuration",
    ),
}
KEY = ("describe_key", "get_key_rotation_status", "get_key_policy")


def main(url: str) -> None:
    config = Config(max_pool_connections=32)
    session = boto3.Session(region_name=REGION)
    clients: dict[str, Any] = {
        name: session.client(name, endpoint_url=url, config=config)
        for name in ("s3", "iam", "ec2", "kms", "logs", "rds", "resourcegroupstaggingapi")
    }
    with ThreadPoolExecutor(16) as executor:
        waiting = [executor.submit(read, clients) for read in (_iam, _ec2, _logs, _rds, _tags)]
        s3, kms = clients["s3"], clients["kms"]
        buckets = [item["Name"] for item in s3.list_buckets(MaxBuckets=1000)["Buckets"]]
        asked = [
            (call, b, executor.submit(_try, getattr(s3, call), {"Bucket": b}))
            for b in buckets
            for call in BUCKET
        ]
        more = [(call, b) for call, b, future in asked if _leads_on(call, future.result())]
        _all(executor, ((getattr(s3, FOLLOWING[call][1]), {"Bucket": b}) for call, b in more))
        keys = [key["KeyId"] for page in _pages(kms, "list_keys") for key in page["Keys"]]
        _all(executor, ((getattr(kms, call), {"KeyId": key}) for key in keys for call in KEY))
        for one in waiting:
            one.result()


def _leads_on(call: str, answer: Any) -> bool:
    return answer is not None and call in FOLLOWING and FOLLOWING[call][0](answer)


def _all(
    executor: ThreadPoolExecutor, calls: Iterable[tuple[Callable[..., Any], dict[str, Any]]]
) -> None:
    for future in [executor.submit(_try, *call) for call in calls]:
        future.result()


def _try(call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return call(**arguments)
    except ClientError:
        return None


def _pages(client: Any, operation: str, **arguments: Any) -> list[Any]:
    return list(client.get_paginator(operation).paginate(**arguments))


def _iam(clients: dict[str, Any]) -> None:
    iam = clients["iam"]
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(0.1)
    iam.get_credential_report()
    iam.get_account_summary()
    _pages(iam, "get_account_authorization_details")
    _pages(iam, "list_virtual_mfa_devices")
    _try(iam.get_account_password_policy, {})


def _ec2(clients: dict[str, Any]) -> None:
    ec2 = clients["ec2"]
    _pages(ec2, "describe_volumes")
    _pages(ec2, "describe_snapshots", OwnerIds=["self"])
    ec2.get_ebs_encryption_by_default()


def _tags(clients: dict[str, Any]) -> None:
    tagging = clients["resourcegroupstaggingapi"]
    for kind in ("s3", "logs:log-group"):
        _pages(tagging, "get_resources", ResourceTypeFilters=[kind])
    _pages(clients["kms"], "list_aliases")


def _logs(clients: dict[str, Any]) -> None:
    _pages(clients["logs"], "describe_log_groups")


def _rds(clients: dict[str, Any]) -> None:
    rds = clients["rds"]
    groups = set()
    for page in _pages(rds, "describe_db_instances"):
        for item in page["DBInstances"]:
            groups |= {group["DBParameterGroupName"] for group in item["DBParameterGroups"]}
    for group in sorted(groups):
        _try(
            lambda **a: _pages(rds, "describe_db_parameters", **a), {"DBParameterGroupName": group}
        )


if __name__ == "__main__":
    main(sys.argv[1])
