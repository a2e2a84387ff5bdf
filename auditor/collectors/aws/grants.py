"""The least that a reader of AWS needs, as documents that can be applied. Pure.

`Resource` is `*`: what is read are lists of everything, and nearly all listing actions take no
narrower resource. Standard: the IAM policy language of 2012-10-17.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

_VERSION = "2012-10-17"
_MAX_POLICY = 6144  # characters without white space that a managed policy may have
NAME = "AuditorReadOnly"


def iam_documents(actions: Iterable[str]) -> Mapping[str, str]:
    """The permissions in each form: `policy` (JSON), `terraform`, `cloudformation`.

    What is too long for one managed policy is several: a list of them in `policy`.

    Args:
        actions: IAM actions, such as `s3:GetBucketPolicy`.
    """
    policies = _policies(sorted(set(actions)))
    return {
        "policy": json.dumps(policies[0] if len(policies) == 1 else policies, indent=2) + "\n",
        "terraform": "\n".join(
            _terraform(policy, _name(index, policies)) for index, policy in enumerate(policies)
        ),
        "cloudformation": _cloudformation(policies),
    }


def _policies(actions: Sequence[str]) -> list[dict[str, object]]:
    """As many policies as the length that AWS allows makes necessary; one service stays whole."""
    policies: list[list[dict[str, object]]] = [[]]
    for service, group in groupby(actions, key=lambda action: action.partition(":")[0]):
        statement: dict[str, object] = {
            "Sid": "Read" + "".join(c for c in service.title() if c.isalnum()),
            "Effect": "Allow",
            "Action": list(group),
            "Resource": "*",
        }
        if policies[-1] and _length([*policies[-1], statement]) > _MAX_POLICY:
            policies.append([])
        policies[-1].append(statement)
    return [_document(statements) for statements in policies]


def _document(statements: Sequence[object]) -> dict[str, object]:
    return {"Version": _VERSION, "Statement": list(statements)}


def _length(statements: Sequence[object]) -> int:
    return len(json.dumps(_document(statements), separators=(",", ":")))


def _name(index: int, policies: Sequence[object]) -> str:
    return NAME if len(policies) == 1 else f"{NAME}{index + 1}"


def _terraform(policy: object, name: str) -> str:
    text = json.dumps(policy, indent=2).replace("\n", "\n  ")
    return (
        f'resource "aws_iam_policy" "{name.lower()}" {{\n'
        f'  name   = "{name}"\n'
        f"  policy = jsonencode({text})\n"
        "}\n"
    )


def _cloudformation(policies: Sequence[object]) -> str:
    resources = {
        _name(index, policies): {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": _name(index, policies),
                "PolicyDocument": policy,
            },
        }
        for index, policy in enumerate(policies)
    }
    document = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    return json.dumps(document, indent=2) + "\n"
