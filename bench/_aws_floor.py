"""The floor: what boto3 alone costs for the reads that the scan makes. Run as a program.

One client a service, 16 threads, no evidence, no judgement. usage: _aws_floor URL
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
    "get_bucket_acl",
    "get_bucket_encryption",
    "get_bucket_lifecycle_configuration",
    "get_bucket_logging",
    "get_bucket_policy",
    "get_bucket_policy_status",
    "get_bucket_versioning",
    "get_object_lock_configuration",
    "get_public_access_block",
)
KEY = ("describe_key", "get_key_rotation_status", "get_key_policy")


def main(url: str) -> None:
    config = Config(max_pool_connections=32)
    session = boto3.Session(region_name=REGION)
    clients: dict[str, Any] = {
        name: session.client(name, endpoint_url=url, config=config)
        for name in ("s3", "iam", "ec2", "kms", "logs", "rds")
    }
    with ThreadPoolExecutor(16) as executor:
        waiting = [executor.submit(read, clients) for read in (_iam, _ec2, _logs, _rds)]
        s3, kms = clients["s3"], clients["kms"]
        buckets = [item["Name"] for item in s3.list_buckets(MaxBuckets=1000)["Buckets"]]
        _all(executor, ((getattr(s3, call), {"Bucket": b}) for b in buckets for call in BUCKET))
        keys = [key["KeyId"] for page in _pages(kms, "list_keys") for key in page["Keys"]]
        _all(executor, ((getattr(kms, call), {"KeyId": key}) for key in keys for call in KEY))
        for one in waiting:
            one.result()


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
    _pages(ec2, "describe_security_groups")
    _pages(ec2, "describe_snapshots", OwnerIds=["self"])
    ec2.get_ebs_encryption_by_default()


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
