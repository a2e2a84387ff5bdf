"""IP addresses and networks, with the names and rules of the Kubernetes CEL library.

Strict: no zone, no IPv4-mapped text form, no leading zeros. An IPv4-mapped IPv6 address equals its
IPv4 address. `cidr_contains(network, part)` takes texts, for rules over plain documents.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import EvaluationError, Value, kind, no_overload, show

_Address = IPv4Address | IPv6Address
_Network = IPv4Interface | IPv6Interface
_BROADCAST = IPv4Address("255.255.255.255")
_LINK_LOCAL_GROUPS = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))


def parse_ip(text: str) -> _Address:
    """An address from its text.

    Raises:
        EvaluationError: It is none, or has a zone or the form `::ffff:1.2.3.4`.
    """
    if "%" in text or (":" in text and "." in text):
        raise EvaluationError(f"{show(text)}: zones and IPv4-mapped addresses are not allowed")
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise EvaluationError(f"{show(text)} is no IP address") from error
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def parse_cidr(text: str) -> _Network:
    """A network from `address/length`.

    Raises:
        EvaluationError: It is none.
    """
    address, slash, length = text.partition("/")
    # ipaddress would also take a netmask after the slash, and no slash at all.
    if not slash or not length.isdecimal() or not length.isascii():
        raise EvaluationError(f"{show(text)} is no network, as 10.0.0.0/8")
    parse_ip(address)
    try:
        return ipaddress.ip_interface(text)
    except ValueError as error:
        raise EvaluationError(f"{show(text)} is no network, as 10.0.0.0/8") from error


def _ip(value: Value) -> Value:
    value_kind = kind(value)
    if value_kind == "string":
        return parse_ip(value)
    if value_kind == "net.CIDR":
        return value.ip
    raise no_overload("ip", value)


def _is(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except EvaluationError:
            return False
        return True

    return check


def _is_global_unicast(address: _Address) -> bool:
    """As Go's IsGlobalUnicast: private addresses are global unicast too."""
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or address == _BROADCAST
    )


def _is_link_local_multicast(address: _Address) -> bool:
    return any(address in group for group in _LINK_LOCAL_GROUPS)


def _contains_ip(network: _Network, address: Value) -> bool:
    address_kind = kind(address)
    if address_kind not in {"string", "net.IP"}:
        raise no_overload("containsIP", network, address)
    return (parse_ip(address) if address_kind == "string" else address) in network.network


def _contains_cidr(network: _Network, part: Value) -> bool:
    part_kind = kind(part)
    if part_kind not in {"string", "net.CIDR"}:
        raise no_overload("containsCIDR", network, part)
    inner: _Network = parse_cidr(part) if part_kind == "string" else part
    outer = network.network
    return inner.network.prefixlen >= outer.prefixlen and inner.ip in outer


def _text_contains(network: str, part: str) -> bool:
    outer = parse_cidr(network)
    return _contains_cidr(outer, part) if "/" in part else _contains_ip(outer, part)


def _masked(network: _Network) -> _Network:
    return ipaddress.ip_interface(str(network.network))


NETWORK: Mapping[str, Callable[..., Value]] = {
    "ip": _ip,
    "cidr": typed("cidr", "string", parse_cidr),
    "isIP": typed("isIP", "string", _is(parse_ip)),
    "isCIDR": typed("isCIDR", "string", _is(parse_cidr)),
    "ip.isCanonical": typed("ip.isCanonical", "string", lambda text: str(parse_ip(text)) == text),
    "family": typed("family", "net.IP", lambda address: address.version),
    "isUnspecified": typed("isUnspecified", "net.IP", lambda address: address.is_unspecified),
    "isLoopback": typed("isLoopback", "net.IP", lambda address: address.is_loopback),
    "isGlobalUnicast": typed("isGlobalUnicast", "net.IP", _is_global_unicast),
    "isLinkLocalMulticast": typed("isLinkLocalMulticast", "net.IP", _is_link_local_multicast),
    "isLinkLocalUnicast": typed(
        "isLinkLocalUnicast", "net.IP", lambda address: address.is_link_local
    ),
    "containsIP": typed("containsIP", "net.CIDR any", _contains_ip),
    "containsCIDR": typed("containsCIDR", "net.CIDR any", _contains_cidr),
    "masked": typed("masked", "net.CIDR", _masked),
    "prefixLength": typed("prefixLength", "net.CIDR", lambda cidr: cidr.network.prefixlen),
    "cidr_contains": typed("cidr_contains", "string string", _text_contains),
}
