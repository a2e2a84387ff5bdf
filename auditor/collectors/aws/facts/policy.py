"""Policy documents in one form, and what they say.

The grammar lets a single text stand for a list of one, a principal be `*` or a mapping, and
compares actions and condition keys without case (IAM User Guide, "Grammar of the IAM JSON policy
language"). All of it is levelled here; anything outside the grammar is a ValueError. Who is an
administrator by a policy is said in `administration`.
"""

from __future__ import annotations

import json
import re
from typing import TypedDict
from urllib.parse import unquote

from auditor.collectors.aws.facts.unreadable import mapping, text

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:)?(\d{12})(?::.*)?", re.ASCII)


class Principal(TypedDict):
    """Somebody that a statement names."""

    kind: str
    id: str
    account: str | None


class Statement(TypedDict):
    """A statement with every part written out; lists are always lists."""

    sid: str | None
    effect: str
    actions: list[str]
    not_actions: list[str]
    resources: list[str]
    not_resources: list[str]
    principals: list[Principal]
    not_principals: list[Principal]
    conditions: dict[str, dict[str, list[str]]]


def policy_statements(document: object) -> list[Statement]:
    """The statements of a policy document.

    Args:
        document: JSON text, plain or percent-encoded, or the mapping already parsed from it.

    Raises:
        ValueError: Not a policy document.
    """
    parsed = mapping(_parsed(document), "policy")
    if "Statement" not in parsed:
        raise ValueError("policy: has no Statement")
    found = parsed["Statement"]
    return [_statement(item) for item in (found if isinstance(found, list) else [found])]


def policy_denies_plain_http(document: object) -> bool:
    """Whether everybody is denied every S3 action on the bucket and its objects without TLS."""
    return any(_denies_plain_http(statement) for statement in policy_statements(document))


def _denies_plain_http(statement: Statement) -> bool:
    return (
        statement["effect"] == "Deny"
        and any(p["kind"] == "AWS" and p["id"] == "*" for p in statement["principals"])
        and not {"*", "s3:*"}.isdisjoint(statement["actions"])
        and _whole_bucket(statement["resources"])
        and _only_without_tls(statement["conditions"])
    )


def _only_without_tls(conditions: dict[str, dict[str, list[str]]]) -> bool:
    """One condition and no other: a second one would narrow what is denied."""
    if len(conditions) != 1:
        return False
    [(operator, keys)] = conditions.items()
    return operator in {"Bool", "BoolIfExists"} and keys == {"aws:securetransport": ["false"]}


def _whole_bucket(resources: list[str]) -> bool:
    """A bucket policy names its own bucket only: look for it and for all of its objects."""
    whole = [resource for resource in resources if "/" not in resource]
    return any(resource.endswith("*") or f"{resource}/*" in resources for resource in whole)


def _parsed(document: object) -> object:
    if not isinstance(document, str):
        return document
    encoded = document if document.lstrip().startswith("{") else unquote(document)
    try:
        return json.loads(encoded, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        raise ValueError(f"policy: not JSON: {error}") from error


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("policy: a key stands twice")
    return dict(pairs)


def _statement(raw: object) -> Statement:
    item = mapping(raw, "policy statement")
    if item.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError(f"policy statement: got Effect {item.get('Effect')!r}")
    sid = item.get("Sid")
    return Statement(
        sid=None if sid is None else text(sid, "Sid"),
        effect=text(item["Effect"], "Effect"),
        actions=_lowered(item.get("Action"), "Action"),
        not_actions=_lowered(item.get("NotAction"), "NotAction"),
        resources=_texts(item.get("Resource"), "Resource"),
        not_resources=_texts(item.get("NotResource"), "NotResource"),
        principals=_principals(item.get("Principal"), "Principal"),
        not_principals=_principals(item.get("NotPrincipal"), "NotPrincipal"),
        conditions=_conditions(item.get("Condition")),
    )


def _lowered(value: object, what: str) -> list[str]:
    return [entry.lower() for entry in _texts(value, what)]


def _texts(value: object, what: str) -> list[str]:
    if value is None:
        return []
    return [_scalar(entry, what) for entry in (value if isinstance(value, list) else [value])]


def _scalar(value: object, what: str) -> str:
    """Condition values may be JSON booleans and numbers; the grammar compares them as texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return text(value, what)


def _principals(value: object, what: str) -> list[Principal]:
    if value is None:
        return []
    named = {"AWS": "*"} if value == "*" else mapping(value, what)
    return [
        Principal(kind=kind, id=entry, account=_account(entry) if kind == "AWS" else None)
        for kind, entries in named.items()
        for entry in _texts(entries, what)
    ]


def _account(principal: str) -> str | None:
    match = _ACCOUNT.fullmatch(principal)
    return match[1] if match else None


def _conditions(value: object) -> dict[str, dict[str, list[str]]]:
    if value is None:
        return {}
    return {
        operator: {
            key.lower(): _texts(expected, operator)
            for key, expected in mapping(keys, operator).items()
        }
        for operator, keys in mapping(value, "Condition").items()
    }
