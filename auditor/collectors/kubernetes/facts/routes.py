"""Ingresses: their class, and annotations of known controllers that limit the rate of requests.

Limits that stand in objects of a controller's own (middlewares, plug-ins, policies of gateways) are
not looked at.
"""

from __future__ import annotations

from auditor.collectors.kubernetes.world import Item, World, mapping, text

_CLASS = "kubernetes.io/ingress.class"  # before 1.18, and still honoured
# kubernetes/ingress-nginx, nginxinc/kubernetes-ingress, haproxytech and jcmoraisjr/haproxy-ingress.
_LIMITS = frozenset(
    {
        "nginx.ingress.kubernetes.io/limit-rps",
        "nginx.ingress.kubernetes.io/limit-rpm",
        "nginx.org/limit-req-rate",
        "haproxy.org/rate-limit-requests",
        "haproxy-ingress.github.io/limit-rps",
        "ingress.kubernetes.io/limit-rps",
    }
)
_OFF = frozenset({"", "0"})


def ingress_class(value: object, item: Item, _world: World) -> str | None:
    """Name of its class, null where it leaves that to the cluster."""
    annotations = mapping(item.metadata.get("annotations"))
    return text(value) or text(annotations.get(_CLASS)) or None


def rate_limits(value: object, _item: Item, _world: World) -> list[str]:
    """Names of its annotations that limit a rate; 0 is no limit."""
    annotations = mapping(value)
    return sorted(n for n in _LIMITS & annotations.keys() if text(annotations[n]) not in _OFF)
