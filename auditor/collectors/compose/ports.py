"""Published ports, in the short and the long form (Compose specification, "ports")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address

_SHORT = re.compile(
    r"(?:(?P<address>\[[0-9a-fA-F:.]+\]|[0-9.]+):(?=[^:]*:))?"
    r"(?:(?P<published>\d*(?:-\d+)?):)?(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?",
    re.ASCII,
)
_EVERY = "0.0.0.0"  # noqa: S104 - the engine's own default, named and not bound


def published_ports(ports: object) -> list[dict[str, object]]:
    """Each published port with the address that it is bound to.

    Raises:
        ValueError: An entry has another form.
    """
    if not isinstance(ports, list):
        raise ValueError(f"ports: got {type(ports).__name__}, expected a list")
    return [_port(one) for one in ports]


def _port(one: object) -> dict[str, object]:
    if isinstance(one, Mapping):
        return _entry(
            one.get("host_ip"), one.get("published"), one.get("target"), one.get("protocol")
        )
    if isinstance(one, bool) or not isinstance(one, (str, int)):
        raise ValueError(f"ports: got {type(one).__name__}, expected a text or a mapping")
    match = _SHORT.fullmatch(str(one))
    if match is None:
        raise ValueError(f"ports: {one!r} is no port")
    address = match["address"]
    return _entry(
        address.strip("[]") if address else None,
        match["published"] or None,
        match["target"],
        match["protocol"],
    )


def _entry(address: object, published: object, target: object, protocol: object) -> (
    dict[str, object]
):  # fmt: skip
    if target is None:
        raise ValueError("ports: an entry has no target")
    bound = str(address or _EVERY)
    return {
        "address": bound,
        "published": None if published in (None, "") else str(published),
        "target": str(target),
        "protocol": str(protocol or "tcp"),
        "every_address": ip_address(bound).is_unspecified,
    }
