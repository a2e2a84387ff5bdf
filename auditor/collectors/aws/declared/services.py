"""Keys, load balancers, queues and clusters, as declarations state them."""

from __future__ import annotations

from auditor.collectors.aws.declared.storage import switch
from auditor.collectors.aws.facts.container import open_to_world
from auditor.collectors.aws.facts.load_balancer import listeners
from auditor.collectors.aws.facts.unreadable import mapping, mappings

_EVERYWHERE = ["0.0.0.0/0"]
_SYMMETRIC = (None, "", "SYMMETRIC_DEFAULT")
_ROTATION_DAYS = 365


def _level(found: object) -> dict[str, object]:
    """Arguments of either language under one spelling."""
    return {name.replace("_", "").lower(): value for name, value in mapping(found, "block").items()}


def key_state(enabled: object) -> str:
    """State that a key is made in."""
    return "Enabled" if switch(enabled) else "Disabled"


def rotation_of(found: object) -> bool | None:
    """Whether a key rotates by itself; null: a key of its kind cannot."""
    key = _level(found)
    spec = key.get("customermasterkeyspec", key.get("keyspec"))
    return switch(key.get("enablekeyrotation")) if spec in _SYMMETRIC else None


def rotation_days_of(found: object) -> int | None:
    """Days between rotations: 365 where nobody chose (KMS API Reference, EnableKeyRotation)."""
    key = _level(found)
    if not rotation_of(found):
        return None
    days = key.get("rotationperiodindays")
    return int(str(days)) if days is not None else _ROTATION_DAYS


def enabled_word(flag: object) -> str:
    """`enabled` or `disabled`, as ElastiCache says it."""
    return "enabled" if switch(flag) else "disabled"


def scan_on_push(flag: object) -> str:
    """When the images of a repository are scanned, by its own setting."""
    return "SCAN_ON_PUSH" if switch(flag) else "MANUAL"


def unlimited_is_null(days: object) -> int | None:
    """Days of retention; 0 says for ever in Terraform."""
    return int(str(days)) or None


def scheme_of(internal: object) -> str:
    """Scheme of a load balancer."""
    return "internal" if switch(internal) else "internet-facing"


def queue_encrypted_by(found: object) -> bool:
    """Whether a queue is encrypted, with a key of KMS or with SQS's own."""
    queue = _level(found)
    return bool(queue.get("kmsmasterkeyid")) or switch(queue.get("sqsmanagedsseenabled"))


def open_endpoint(network: object) -> bool:
    """Whether the public endpoint of a cluster answers a large share of the internet."""
    found = _level(network)
    public = found.get("endpointpublicaccess")
    return open_to_world(
        {
            "endpointPublicAccess": True if public is None else switch(public),
            "publicAccessCidrs": found.get("publicaccesscidrs") or _EVERYWHERE,
        }
    )


def listeners_of(found: object) -> list[dict[str, object]]:
    """Listeners of a plan."""
    return listeners(
        [
            {
                "Port": one.get("port"),
                "Protocol": one.get("protocol"),
                "SslPolicy": one.get("ssl_policy") or None,
                "DefaultActions": [
                    {"Type": action.get("type"), "RedirectConfig": _redirect(action)}
                    for action in mappings(one.get("default_action"), "default_action")
                ],
            }
            for one in mappings(found, "listeners")
        ]
    )


def _redirect(action: dict[str, object]) -> dict[str, object]:
    blocks = mappings(action.get("redirect") or [], "redirect")
    return {"Protocol": blocks[0].get("protocol")} if blocks else {}


def template_listeners(found: object) -> list[dict[str, object]]:
    """Listeners of a template, whose numbers may be texts."""
    return listeners(
        [one | {"Port": int(str(one.get("Port")))} for one in mappings(found, "listeners")]
    )
