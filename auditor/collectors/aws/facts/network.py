"""Rules of security groups and flow logs of networks, in one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from auditor.collectors.aws.facts.unreadable import (
    mapping,
    mappings,
    optional_mappings,
    text,
)

_ALL = "-1"
_WITH_PORTS = {"tcp", "udp", "6", "17"}


def security_group_rules(group: object) -> list[dict[str, object]]:
    """The rules of a security group, each with its CIDRs of both address families.

    Raises:
        ValueError: A CIDR is none, or a rule has no protocol.
    """
    found = mapping(group, "security group")
    return [
        _rule(direction, permission)
        for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress"))
        for permission in mappings(found.get(key), key)
    ]


def _rule(direction: str, permission: Mapping[str, object]) -> dict[str, object]:
    protocol = text(permission.get("IpProtocol"), "IpProtocol")
    ports = protocol in _WITH_PORTS
    cidrs = [
        *_values(permission, "IpRanges", "CidrIp"),
        *_values(permission, "Ipv6Ranges", "CidrIpv6"),
    ]
    for cidr in cidrs:
        ip_network(cidr, strict=False)  # what is none is refused here
    return {
        "direction": direction,
        "protocol": "all" if protocol == _ALL else protocol,
        "from_port": permission.get("FromPort") if ports else None,
        "to_port": permission.get("ToPort") if ports else None,
        "cidrs": cidrs,
        "groups": list(_values(permission, "UserIdGroupPairs", "GroupId")),
        "prefix_lists": list(_values(permission, "PrefixListIds", "PrefixListId")),
    }


def _values(permission: Mapping[str, object], key: str, name: str) -> Iterator[str]:
    for entry in optional_mappings(permission.get(key), key):
        yield text(entry.get(name), name)


def flow_logs_by_resource(logs: object) -> dict[str, list[dict[str, object]]]:
    """Id of a network (subnet, interface) to its flow logs."""
    found: dict[str, list[dict[str, object]]] = {}
    for log in mappings(logs, "FlowLogs"):
        found.setdefault(text(log.get("ResourceId"), "ResourceId"), []).append(
            {
                "id": log.get("FlowLogId"),
                "active": log.get("FlowLogStatus") == "ACTIVE",
                "traffic": log.get("TrafficType"),
                "delivery_failed": log.get("DeliverLogsStatus") == "FAILED",
                "destination": log.get("LogDestination") or log.get("LogGroupName"),
            }
        )
    return found
