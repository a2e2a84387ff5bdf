"""Who may do what, as declarations state it."""

from __future__ import annotations

from auditor.collectors.aws.facts.unreadable import mappings

_INLINE = ("aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy")


def policy_kind(kind: object) -> str:
    """`inline` for policies that are a part of their holder."""
    inline = kind in _INLINE or kind == "AWS::IAM::Policy"
    return "inline" if inline else "customer_managed"


def permissions_public(permissions: object) -> bool:
    """Whether a permission of a function is everybody's, tied to no account or organization."""
    return any(_everybody(one) for one in mappings(permissions, "permissions"))


def _everybody(permission: dict[str, object]) -> bool:
    level = {name.replace("_", "").lower(): value for name, value in permission.items()}
    tied = level.get("principalorgid") or level.get("sourceaccount")
    return level.get("principal") == "*" and not tied


def function_urls(urls: object) -> list[dict[str, object]]:
    """URLs of a function with what they ask of a caller."""
    found = []
    for one in mappings(urls, "urls"):
        level = {name.replace("_", "").lower(): value for name, value in one.items()}
        found.append({"function": level.get("$kind"), "auth": level.get("authorizationtype",
                      level.get("authtype"))})  # fmt: skip
    return found
