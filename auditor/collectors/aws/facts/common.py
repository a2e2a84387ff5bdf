"""Small steps that several services need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from auditor.collectors.aws.facts.unreadable import mappings, optional_mappings, sequence, text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AWS_ALIAS = "alias/aws/"
_ON = {"1", "on", "true", "yes"}


def tags(pairs: object) -> dict[str, str]:
    """Tags as a map; without any, AWS leaves the list out."""
    return {
        text(pair.get("Key"), "Key"): text(pair.get("Value"), "Value")
        for pair in optional_mappings(pairs, "Tags")
    }


def tags_by_arn(resources: object) -> dict[str, dict[str, str]]:
    """ARN to tags, from the tagging service."""
    return {
        text(resource.get("ResourceARN"), "ResourceARN"): tags(resource.get("Tags"))
        for resource in mappings(resources, "ResourceTagMappingList")
    }


def aliases_by_key(aliases: object) -> dict[str, list[str]]:
    """Id of a key to its aliases, sorted; AWS names aliases of keys not made yet, without id."""
    found: dict[str, list[str]] = {}
    for alias in mappings(aliases, "Aliases"):
        if alias.get("TargetKeyId") is not None:
            key = text(alias["TargetKeyId"], "TargetKeyId")
            found.setdefault(key, []).append(text(alias.get("AliasName"), "AliasName"))
    return {key: sorted(names) for key, names in found.items()}


def aws_managed_keys(aliases: object) -> dict[str, bool]:
    """Every way to name a key that AWS manages (id, ARN, alias, ARN of the alias) to true.

    AWS alone can make aliases that start with `alias/aws/` (KMS API Reference, CreateAlias).
    """
    found: dict[str, bool] = {}
    for alias in mappings(aliases, "Aliases"):
        name = text(alias.get("AliasName"), "AliasName")
        if not name.startswith(_AWS_ALIAS):
            continue
        arn = text(alias.get("AliasArn"), "AliasArn")
        found |= {name: True, arn: True}
        if alias.get("TargetKeyId") is not None:
            key = text(alias["TargetKeyId"], "TargetKeyId")
            found |= {key: True, arn.removesuffix(name) + f"key/{key}": True}
    return found


def presence(ids: object) -> dict[str, bool]:
    """Each of the ids to true."""
    return {text(entry, "id"): True for entry in sequence(ids, "ids")}


def positive(number: object) -> bool | None:
    """Whether a count or a flag of 0 and 1 is above 0; null stays null."""
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"got {number!r}, expected a whole number")
    return number > 0


def is_default(name: object) -> bool:
    """Whether a security group is its network's default one, whose name is reserved."""
    return text(name, "name") == "default"


def is_enabled(state: object) -> bool:
    """Whether a state is `Enabled`."""
    return text(state, "state") == "Enabled"


def text_or_null(value: object) -> str | None:
    """The text; an empty one says that there is none."""
    return None if value in {None, ""} else text(value, "text")


def epoch_ms(milliseconds: object) -> datetime:
    """The instant of milliseconds since 1970, UTC."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        raise ValueError(f"got {milliseconds!r}, expected milliseconds")
    return _EPOCH + timedelta(milliseconds=milliseconds)


def log_group_arn(arn: object) -> str:
    """The ARN without the `:*` that CloudWatch Logs adds."""
    return text(arn, "arn").removesuffix(":*")


def force_tls(parameters: object) -> bool | None:
    """Whether a parameter group forces TLS; null: it has no such parameter.

    A parameter without a value has the engine's default, which is off.
    """
    found = mappings(parameters, "Parameters")
    return any(_is_on(parameter) for parameter in found) if found else None


def _is_on(parameter: Mapping[str, object]) -> bool:
    value = parameter.get("value")
    return value is not None and text(value, "ParameterValue").lower() in _ON
