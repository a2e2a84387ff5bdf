"""Whether a resource policy lets everybody in.

A statement for everybody is not public where a condition ties it to an account, an organization, a
resource or a network (IAM User Guide, "AWS global condition context keys"; the same idea as S3's
"The meaning of public"). A condition that is not known to narrow counts as none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.collectors.aws.facts.policy import Statement, policy_statements

_NARROWING = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
        "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths",
        "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid",
        "lambda:eventsourcetoken",
    }
)  # fmt: skip
_POSITIVE = frozenset(
    {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"}
)


def policy_public(document: object) -> bool:
    """Whether some statement allows something to everybody, held back by nothing.

    Deny statements are not subtracted.

    Raises:
        ValueError: Not a policy document.
    """
    return any(_open(statement) for statement in policy_statements(document))


def _open(statement: Statement) -> bool:
    everybody = any(
        principal["kind"] == "AWS" and principal["id"] == "*"
        for principal in statement["principals"]
    )
    # "Everybody but these" is everybody, too.
    everybody = everybody or bool(statement["not_principals"])
    return statement["effect"] == "Allow" and everybody and not _narrowed(statement["conditions"])


def _narrowed(conditions: Mapping[str, Mapping[str, Sequence[str]]]) -> bool:
    """Some condition must hold that only few can meet; `...IfExists` holds where it is absent."""
    return any(
        operator in _POSITIVE and key in _NARROWING and values and not _everything(values)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _everything(values: Sequence[str]) -> bool:
    return any(not value.strip("*?:") for value in values)
