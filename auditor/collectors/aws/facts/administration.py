"""Whether a policy allows everything, however it is written.

Wildcards (`*`, `?`) stand anywhere in an action or resource, and `NotAction` and `NotResource`
allow all that they do not name. So patterns are not read but tried: on actions and resources of
which somebody who may do everything has all. Source: IAM User Guide, "IAM JSON policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditor.collectors.aws.facts.policy import Statement, policy_statements

# Any one of these lets its holder take all other rights.
_GRANTING = (
    "iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:attachuserpolicy",
    "iam:createpolicyversion", "iam:putgrouppolicy", "iam:putrolepolicy", "iam:putuserpolicy",
    "iam:setdefaultpolicyversion", "iam:updateassumerolepolicy",
)  # fmt: skip
_ACTIONS = (
    *_GRANTING, "dynamodb:deletetable", "ec2:terminateinstances", "kms:decrypt",
    "lambda:updatefunctioncode", "rds:deletedbinstance", "s3:getobject", "sts:assumerole",
)  # fmt: skip
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_IDENTITIES = tuple(
    f"iam::111122223333:{kind}/probe" for kind in ("user", "group", "role", "policy")
)
_RESOURCES = (
    *_IDENTITIES, "ec2:eu-west-1:111122223333:instance/i-0", "kms:eu-west-1:111122223333:key/0",
    "rds:eu-west-1:111122223333:db:probe", "s3:::probe", "s3:::probe/probe",
)  # fmt: skip


def policy_grants_everything(document: object) -> bool:
    """Whether some statement allows every action on every resource.

    Conditions, Deny statements and boundaries are not subtracted: they can be removed by the
    holder of such a policy, or hold only at times.
    """
    return any(grants_everything(statement) for statement in policy_statements(document))


def grants_everything(statement: Statement) -> bool:
    """Whether the statement allows everything, or everything but a few that do not hold it back.

    `NotAction` and `NotResource` hold it back where no way is left to grant oneself the rest.
    """
    return (
        statement["effect"] == "Allow"
        and _every_action(statement["actions"], statement["not_actions"])
        and _every_resource(statement["resources"], statement["not_resources"])
    )


def _every_action(actions: Sequence[str], kept: Sequence[str]) -> bool:
    if actions:
        return _all_match(_ACTIONS, actions)
    return bool(kept) and not _all_match(_GRANTING, kept)


def _every_resource(resources: Sequence[str], kept: Sequence[str]) -> bool:
    """In any partition; the account's own is not in its policies."""
    if resources:
        return any(_all_match(_arns(name, _RESOURCES), resources) for name in _PARTITIONS)
    return bool(kept) and all(
        not _all_match(_arns(name, _IDENTITIES), kept) for name in _PARTITIONS
    )


def _arns(partition: str, resources: Iterable[str]) -> list[str]:
    return [f"arn:{partition}:{resource}" for resource in resources]


def _all_match(probes: Iterable[str], patterns: Sequence[str]) -> bool:
    """Whether each probe is matched by some pattern."""
    compiled = [re.compile(_regex(pattern), re.DOTALL) for pattern in patterns]
    return all(any(regex.fullmatch(probe) for regex in compiled) for probe in probes)


def _regex(pattern: str) -> str:
    """IAM's wildcards: any number of characters, and exactly one."""
    parts = re.split(r"(\*+|\?)", pattern)
    return "".join(_WILDCARDS.get(part[:1], re.escape(part)) for part in parts)


_WILDCARDS = {"*": ".*", "?": "."}
