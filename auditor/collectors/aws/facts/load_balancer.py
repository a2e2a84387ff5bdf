"""Listeners, firewalls and targets of load balancers.

A rule of a firewall that only counts holds nothing back, and is not named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.collectors.aws.facts.unreadable import mapping, mappings, optional_mappings, text

_FIREWALL_MANAGER = ("PreProcessFirewallManagerRuleGroups", "PostProcessFirewallManagerRuleGroups")
_STOPPING = {"Block", "Captcha", "Challenge"}
_HEALTHY = "healthy"
_NO_ZONE = {None, "all"}


def is_true(value: object) -> bool:
    """Whether the text of an attribute is `true`."""
    found = text(value, "attribute")
    if found not in {"true", "false"}:
        raise ValueError(f"got {found!r}, expected true or false")
    return found == "true"


def listeners(found: object) -> list[dict[str, object]]:
    """Listeners with what their default action does."""
    return [
        {
            "port": listener.get("Port"),
            "protocol": listener.get("Protocol"),
            "tls_policy": listener.get("SslPolicy"),
            "redirects_to_https": _redirects(listener),
        }
        for listener in mappings(found, "Listeners")
    ]


def _redirects(listener: Mapping[str, object]) -> bool:
    """Every default action sends the client to HTTPS; `#{protocol}` keeps it where it is."""
    actions = mappings(listener.get("DefaultActions"), "DefaultActions")
    return bool(actions) and all(
        action.get("Type") == "redirect"
        and mapping(action.get("RedirectConfig"), "RedirectConfig").get("Protocol") == "HTTPS"
        for action in actions
    )


def managed_rule_groups(web_acl: object) -> list[str]:
    """Managed rule groups that a firewall enforces, `AWS/AWSManagedRulesCommonRuleSet`, sorted."""
    return sorted(set(_managed(web_acl)))


def _managed(web_acl: object) -> Iterator[str]:
    if web_acl is None:  # no firewall
        return
    found = mapping(web_acl, "WebACL")
    for rule in mappings(found.get("Rules"), "Rules"):
        yield from _enforced(rule, mapping(rule.get("Statement"), "Statement"))
    for key in _FIREWALL_MANAGER:
        for rule in optional_mappings(found.get(key), key):
            yield from _enforced(
                rule, mapping(rule.get("FirewallManagerStatement"), "FirewallManagerStatement")
            )


def _enforced(rule: Mapping[str, object], statement: Mapping[str, object]) -> Iterator[str]:
    """The group that the rule names, unless the rule turns all of its actions into counting."""
    named = statement.get("ManagedRuleGroupStatement")
    override = mapping(rule.get("OverrideAction") or {}, "OverrideAction")
    if named is not None and "Count" not in override:
        group = mapping(named, "ManagedRuleGroupStatement")
        yield f"{text(group.get('VendorName'), 'VendorName')}/{text(group.get('Name'), 'Name')}"


def rate_rules(web_acl: object) -> int:
    """Number of rules of a firewall that stop clients which send too much."""
    if web_acl is None:
        return 0
    rules = mappings(mapping(web_acl, "WebACL").get("Rules"), "Rules")
    return sum(_limits(rule) for rule in rules)


def _limits(rule: Mapping[str, object]) -> bool:
    statement = mapping(rule.get("Statement"), "Statement")
    action = mapping(rule.get("Action") or {}, "Action")
    return "RateBasedStatement" in statement and not _STOPPING.isdisjoint(action)


def healthy_targets(descriptions: object) -> list[str]:
    """Ids of the healthy targets, each once, sorted."""
    return sorted({text(target.get("Id"), "Id") for target in _healthy(descriptions)})


def healthy_stated_zones(descriptions: object) -> list[str]:
    """Zones that the healthy targets themselves state: those that are IP addresses do."""
    zones = {target.get("AvailabilityZone") for target in _healthy(descriptions)}
    return sorted(text(zone, "AvailabilityZone") for zone in zones - _NO_ZONE)


def _healthy(descriptions: object) -> Iterator[Mapping[str, object]]:
    for description in mappings(descriptions, "TargetHealthDescriptions"):
        state = mapping(description.get("TargetHealth"), "TargetHealth").get("State")
        if text(state, "State") == _HEALTHY:
            yield mapping(description.get("Target"), "Target")
