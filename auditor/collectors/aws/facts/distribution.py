"""How a CloudFront distribution is reached, and how it reaches its origins.

Source: CloudFront API Reference, `DistributionSummary`. Lists stand in it as `Items` beside their
`Quantity`; empty ones leave `Items` out.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.aws.facts.unreadable import mapping, sequence, text

_PLAIN = "allow-all"


def distributions(found: object) -> list[object]:
    """The distributions of a list, which may be empty.

    Raises:
        ValueError: There is no list, or fewer are there than it says.
    """
    return _items(found, "DistributionList")


def _items(found: object, what: str) -> list[object]:
    listed = mapping(found, what)
    items = sequence(listed.get("Items") or [], what)
    if not isinstance(listed.get("Quantity"), int):
        raise ValueError(f"{what}: does not say how many there are")
    if listed["Quantity"] and not items:
        raise ValueError(f"{what}: says that there are {listed['Quantity']} and holds none")
    return items


def plain_behaviors(found: object) -> list[str]:
    """Path patterns under which viewers may use plain HTTP, sorted; `*` is the default one."""
    summary = mapping(found, "distribution")
    behaviors = {
        text(mapping(item, "behavior").get("PathPattern"), "PathPattern"): mapping(item, "behavior")
        for item in _items(summary.get("CacheBehaviors"), "CacheBehaviors")
    }
    behaviors["*"] = mapping(summary.get("DefaultCacheBehavior"), "DefaultCacheBehavior")
    return sorted(pattern for pattern, behavior in behaviors.items() if _allows_plain(behavior))


def _allows_plain(behavior: Mapping[str, object]) -> bool:
    return text(behavior.get("ViewerProtocolPolicy"), "ViewerProtocolPolicy") == _PLAIN


def origins(found: object) -> list[dict[str, object]]:
    """Origins with how they are reached.

    An origin that is a bucket (`S3OriginConfig`) has no policy of its own: null.
    """
    return [_origin(mapping(item, "origin")) for item in _items(found, "Origins")]


def _origin(origin: Mapping[str, object]) -> dict[str, object]:
    custom = mapping(origin.get("CustomOriginConfig") or {}, "CustomOriginConfig")
    if (
        not custom
        and origin.get("S3OriginConfig") is None
        and origin.get("VpcOriginConfig") is None
    ):
        raise ValueError("an origin is of no known kind")
    policy = custom.get("OriginProtocolPolicy")
    if custom and policy is None:
        raise ValueError("an origin does not say how it is reached")
    return {"id": origin.get("Id"), "domain": origin.get("DomainName"), "protocol_policy": policy}
