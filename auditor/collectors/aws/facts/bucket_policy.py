"""Whether the policy of a bucket or access point is public, as S3 means it.

Source: S3 User Guide, "Blocking public access", "The meaning of public": a policy is public unless
each statement for everybody is tied to fixed values of certain keys. It is computed beside the
answer of GetBucketPolicyStatus, which is AWS's own: either of the two is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from auditor.collectors.aws.facts.policy import Statement, policy_statements

_OPERATORS = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
_FIXED = frozenset(
    {"aws:principalaccount", "aws:principalorgid", "aws:sourceaccount", "aws:sourceorgid",
     "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "s3:dataaccesspointaccount",
     "s3:x-amz-server-side-encryption-aws-kms-key-id"}
)  # fmt: skip
# ARNs may have wildcards behind their account, paths of an organization behind its id.
_ARNS = frozenset({"aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn"})
_PATHS = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths"})
_WIDEST = {4: 8, 6: 32}  # shortest prefix of a network that is not public


def bucket_policy_public(document: object) -> bool:
    """Whether some statement allows everybody something, tied to nothing fixed.

    Deny statements are not subtracted.

    Raises:
        ValueError: Not a policy document.
    """
    return any(_open(statement) for statement in policy_statements(document))


def _open(statement: Statement) -> bool:
    named = any(p["kind"] == "AWS" and p["id"] == "*" for p in statement["principals"])
    everybody = named or bool(statement["not_principals"])
    return statement["effect"] == "Allow" and everybody and not _tied(statement["conditions"])


def _tied(conditions: Mapping[str, Mapping[str, Sequence[str]]]) -> bool:
    """Some key must have a fixed value; `...IfExists` and `ForAllValues:` hold without the key."""
    return any(
        operator.lower().removeprefix("foranyvalue:") in _OPERATORS
        and bool(values)
        and all(_fixed(key, value) for value in values)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _fixed(key: str, value: str) -> bool:
    wild = set("*?$") & set(value)
    if key in _FIXED:
        return bool(value) and not wild
    if key == "aws:sourceip":
        return _narrow_network(value)
    if key in _PATHS:
        return not set("*?$") & set(value.partition("/")[0])
    if key in _ARNS:
        account = dict(enumerate(value.split(":"))).get(4, "")
        return account.isdigit() or not wild
    # The id of a role, a colon and anything is a session of that role, whoever it is.
    return key == "aws:userid" and not wild


def _narrow_network(value: str) -> bool:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]
