"""Security groups: rules written into the group, and rules that stand beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.aws.declared.hidden import HiddenError
from auditor.collectors.aws.facts.network import security_group_rules
from auditor.collectors.aws.facts.unreadable import mapping, mappings
from auditor.collectors.aws.facts.world import world_ports
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

Permission = dict[str, object]
_KEYS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def is_default_group(found: object) -> bool:
    """Whether it is a network's default group, by kind or by its reserved name."""
    group = mapping(found, "group")
    return group.get("$kind") == "aws_default_security_group" or group.get("name") == "default"


def rules_of_group(found: object) -> list[dict[str, object]]:
    """The rules of `aws_security_group` with those of the resources beside it."""
    return security_group_rules(_group(_terraform(found)))


def world_ports_of_group(found: object) -> list[dict[str, object]]:
    """What the ingress rules together open to the world."""
    return _open(_group(_terraform(found)))


def template_rules(found: object) -> list[dict[str, object]]:
    """The rules of `AWS::EC2::SecurityGroup` with those of the resources beside it."""
    return security_group_rules(_group(_template(found)))


def template_world_ports(found: object) -> list[dict[str, object]]:
    """What the ingress rules together open to the world."""
    return _open(_group(_template(found)))


def _open(group: Mapping[str, object]) -> list[dict[str, object]]:
    """Refuses prefix lists: their entries stand in the account."""
    permissions = mappings(group["IpPermissions"], "IpPermissions")
    if any(one["PrefixListIds"] for one in permissions):
        detail = "the entries of a prefix list stand in the account"
        raise HiddenError(Gap(Cause.NOT_DECLARED, detail))
    return world_ports({"item": dict(group), "answers": {}})


def _group(permissions: Iterator[tuple[str, Permission]]) -> dict[str, object]:
    found: dict[str, list[Permission]] = {"ingress": [], "egress": []}
    for direction, permission in permissions:
        found[direction].append(permission)
    return {key: found[direction] for direction, key in _KEYS.items()}


def _terraform(found: object) -> Iterator[tuple[str, Permission]]:
    both = mapping(found, "group")
    for name, rules in mapping(both["own"], "group").items():
        direction = "egress" if name.startswith("egress") else "ingress"
        for rule in mappings(rules or [], direction):
            yield direction, _permission(rule)
    for rule in mappings(both["parts"], "rules"):
        kind = rule.get("$kind")
        if kind == "aws_security_group_rule":
            direction = str(rule.get("type"))
        else:
            direction = "egress" if "egress" in str(kind) else "ingress"
        if direction not in _KEYS:
            raise ValueError(f"type: got {direction!r}, expected ingress or egress")
        yield direction, _permission(rule)


def _permission(rule: Mapping[str, object]) -> Permission:
    return {
        "IpProtocol": _protocol(rule.get("protocol") or rule.get("ip_protocol")),
        "FromPort": rule.get("from_port"),
        "ToPort": rule.get("to_port"),
        "IpRanges": _named("CidrIp", rule, "cidr_blocks", "cidr_ipv4"),
        "Ipv6Ranges": _named("CidrIpv6", rule, "ipv6_cidr_blocks", "cidr_ipv6"),
        "PrefixListIds": _named("PrefixListId", rule, "prefix_list_ids", "prefix_list_id"),
        "UserIdGroupPairs": _named(
            "GroupId", rule, "security_groups", "source_security_group_id",
            "referenced_security_group_id",
        ),
    }  # fmt: skip


def _template(found: object) -> Iterator[tuple[str, Permission]]:
    both = mapping(found, "group")
    for name, rules in mapping(both["own"], "group").items():
        direction = "egress" if "Egress" in name else "ingress"
        entries = rules if isinstance(rules, list) else [rules] if rules else []
        for rule in mappings(entries, direction):
            yield direction, _template_permission(rule)
    for rule in mappings(both["parts"], "rules"):
        direction = "egress" if "Egress" in str(rule.get("$kind")) else "ingress"
        yield direction, _template_permission(rule)


def _template_permission(rule: Mapping[str, object]) -> Permission:
    return {
        "IpProtocol": _protocol(rule.get("IpProtocol")),
        "FromPort": _port(rule.get("FromPort")),
        "ToPort": _port(rule.get("ToPort")),
        "IpRanges": _named("CidrIp", rule, "CidrIp"),
        "Ipv6Ranges": _named("CidrIpv6", rule, "CidrIpv6"),
        "PrefixListIds": _named(
            "PrefixListId", rule, "SourcePrefixListId", "DestinationPrefixListId"
        ),
        "UserIdGroupPairs": _named(
            "GroupId", rule, "SourceSecurityGroupId", "DestinationSecurityGroupId"
        ),
    }


def _protocol(value: object) -> object:
    """EC2 knows `all` as -1, and names in lower case."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return value
    return "-1" if value.lower() == "all" else value.lower()


def _port(value: object) -> object:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value


def _named(key: str, rule: Mapping[str, object], *names: str) -> list[dict[str, object]]:
    found: list[object] = []
    for name in names:
        value = rule.get(name)
        found += value if isinstance(value, list) else [value] if value not in (None, "") else []
    return [{key: value} for value in found]
