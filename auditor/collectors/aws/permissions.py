"""The IAM action that an API operation needs.

Nearly always it is `<service>:<Operation>`. The exceptions below are those of the Service
Authorization Reference (docs.aws.amazon.com/service-authorization); only what the catalogue
calls is listed.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.collectors.aws.model import ListSpec, TypeSpec

_PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
}
_EXCEPTIONS = {
    ("accessanalyzer", "ListFindingsV2"): "access-analyzer:ListFindings",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetBucketReplication"): "s3:GetReplicationConfiguration",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
}
# An operation that needs further actions beside its own. WAF looks at the firewall and at what
# it stands before with the caller's rights; load balancers are all that is asked about here.
_ALSO = {
    # Objects may be encrypted with a key of the account.
    ("s3", "GetObject"): ("kms:Decrypt",),
    ("wafv2", "GetWebACLForResource"): (
        "elasticloadbalancing:GetLoadBalancerWebACL",
        "wafv2:GetWebACL",
    ),
}
WHOAMI = ("sts", "GetCallerIdentity")
REGIONS = ("ec2", "DescribeRegions")


def iam_action(service: str, operation: str) -> str:
    """The IAM action (`s3:ListAllMyBuckets`) of botocore's service and operation name."""
    default = f"{_PREFIXES.get(service, service)}:{operation}"
    return _EXCEPTIONS.get((service, operation), default)


def operations(service: str, spec: TypeSpec) -> Iterator[tuple[str, str]]:
    """Every (service, operation) that reading the type may send, with those of its account."""
    yield WHOAMI
    if spec.scope == "regional":
        yield REGIONS
    source = spec.source
    if isinstance(source, ListSpec) and source.prepare is not None:
        yield service, source.prepare.operation
    yield service, source.operation
    if spec.locate is not None:
        yield service, spec.locate.operation
    for call in spec.enrich:
        yield call.service or service, call.operation
    for fact in spec.facts.values():
        yield service, fact.operation
    for operation in spec.deep.operations if spec.deep else ():
        yield split(operation)


def split(operation: str) -> tuple[str, str]:
    """Service and operation of `service:Operation`."""
    service, _, name = operation.partition(":")
    return service, name


def permissions(service: str, spec: TypeSpec) -> tuple[str, ...]:
    """The IAM actions that reading the type needs, sorted."""
    asked = set(operations(service, spec))
    further = {action for operation in asked for action in _ALSO.get(operation, ())}
    return tuple(sorted({iam_action(*operation) for operation in asked} | further))
