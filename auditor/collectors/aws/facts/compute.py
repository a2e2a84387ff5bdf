"""Zones, attachments and scaling of instances and their groups."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from auditor.collectors.aws.facts.unreadable import mapping, mappings, optional_mappings, text

# Documented in "Verify a scaling activity for an Auto Scaling group": each change of the desired
# capacity is explained with these words.
_CHANGE = re.compile(r"changing the desired capacity from \d+ to \d+", re.ASCII)
_CPU = "ASGAverageCPUUtilization"
_IN_SERVICE = "InService"
_HEALTHY = "healthy"


def interfaces_by_group(interfaces: object) -> dict[str, int]:
    """Id of a security group to the number of network interfaces that it is attached to."""
    found: dict[str, int] = {}
    for interface in mappings(interfaces, "NetworkInterfaces"):
        for group in mappings(interface.get("Groups"), "Groups"):
            name = text(group.get("GroupId"), "GroupId")
            found[name] = found.get(name, 0) + 1
    return found


def zones_by_network(subnets: object) -> dict[str, list[str]]:
    """Id of a network to the zones in which it has subnets, sorted."""
    found: dict[str, set[str]] = {}
    for subnet in mappings(subnets, "Subnets"):
        network = text(subnet.get("VpcId"), "VpcId")
        zone = text(subnet.get("AvailabilityZone"), "AvailabilityZone")
        found.setdefault(network, set()).add(zone)
    return {network: sorted(zones) for network, zones in found.items()}


def zones_by_instance(reservations: object) -> dict[str, str]:
    """Id of an instance to its zone."""
    return {
        text(instance.get("InstanceId"), "InstanceId"): text(
            mapping(instance.get("Placement"), "Placement").get("AvailabilityZone"), "zone"
        )
        for reservation in mappings(reservations, "Reservations")
        for instance in mappings(reservation.get("Instances"), "Instances")
    }


def in_service(instances: object) -> int:
    """Number of instances of a group that are in service and healthy."""
    return len(list(_serving(instances)))


def _serving(instances: object) -> Iterator[Mapping[str, object]]:
    for instance in optional_mappings(instances, "Instances"):
        state = text(instance.get("LifecycleState"), "LifecycleState")
        health = text(instance.get("HealthStatus"), "HealthStatus")
        if state == _IN_SERVICE and health.lower() == _HEALTHY:
            yield instance


def at_maximum(group: object) -> bool:
    """Whether a group that may grow has grown as far as it may."""
    found = mapping(group, "group")
    least, most, desired = (
        _number(found, key) for key in ("MinSize", "MaxSize", "DesiredCapacity")
    )
    return least < most <= desired


def _number(found: Mapping[str, object], key: str) -> int:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key}: got {type(value).__name__}, expected a whole number")
    return value


def last_capacity_change(activities: object) -> datetime | None:
    """When the desired capacity was last changed; null: not in the weeks that AWS remembers."""
    found = [
        activity.get("StartTime")
        for activity in mappings(activities, "Activities")
        if _CHANGE.search(text(activity.get("Cause"), "Cause"))
    ]
    moments = [moment for moment in found if isinstance(moment, datetime)]
    if len(moments) != len(found):
        raise ValueError("an activity has no StartTime")
    return max(moments, default=None)


def cpu_targets_by_group(policies: object) -> dict[str, int]:
    """Name of a group to the highest CPU load in percent that its policies keep, rounded up."""
    found: dict[str, int] = {}
    for policy in mappings(policies, "ScalingPolicies"):
        target = _cpu_target(policy)
        if target is not None:
            group = text(policy.get("AutoScalingGroupName"), "AutoScalingGroupName")
            found[group] = max(target, found.get(group, 0))
    return found


def _cpu_target(policy: Mapping[str, object]) -> int | None:
    """Null for a policy that is switched off or follows something else than the CPU."""
    tracking = mapping(policy.get("TargetTrackingConfiguration") or {}, "TargetTracking")
    metric = mapping(tracking.get("PredefinedMetricSpecification") or {}, "metric")
    if policy.get("Enabled") is False or metric.get("PredefinedMetricType") != _CPU:
        return None
    value = tracking.get("TargetValue")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("TargetValue is no number")
    return math.ceil(value)


def group_tags(tags: object) -> dict[str, str]:
    """Tags of a group as a map; a tag may have no value."""
    return {
        text(tag.get("Key"), "Key"): text(tag.get("Value") or "", "Value")
        for tag in optional_mappings(tags, "Tags")
    }


def arn_service(arn: object) -> str:
    """The service that an ARN is of: `ec2`."""
    parts = text(arn, "ARN").split(":")
    if len(parts) < 6 or parts[0] != "arn":  # noqa: PLR2004 - an ARN has six parts
        raise ValueError("not an ARN")
    return parts[2]
