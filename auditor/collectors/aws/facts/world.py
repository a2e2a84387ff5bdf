"""Which ports of a security group are open to the internet at large.

Rules add up: two permissions with half of the addresses each open a port to everybody, and a prefix
list stands for its entries. So the addresses that reach a port are taken over all of the group's
ingress rules, and compared with the addresses in use on the internet: what IANA's special-purpose
registry (RFC 6890) leaves of IPv4, and the blocks of IPv6 that IANA has handed to the registries
(iana.org, "IPv6 Global Unicast Address Assignments", 2026). From a large share on, it is the world.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import pairwise
from typing import TypeVar

from auditor.collectors.aws.facts.unreadable import mapping, mappings, optional_mappings, text

_Network = TypeVar("_Network", IPv4Network, IPv6Network)
# Each half of IPv4 (/1) holds at least 43 % of the addresses in use.
_LARGE_SHARE = Fraction(2, 5)
_LAST_PORT = 65535
_PROTOCOLS: Mapping[str, frozenset[str]] = {
    "tcp": frozenset({"tcp", "6", "-1"}),
    "udp": frozenset({"udp", "17", "-1"}),
}
_IPV4_UNUSED = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.168.0.0/16", "224.0.0.0/3",
)  # fmt: skip
_IPV6_USED = (
    "2001::/16", "2003::/18", "2400::/11", "2600::/12", "2610::/23", "2620::/23", "2630::/12",
    "2800::/12", "2a00::/11", "2c00::/12",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Opening:
    """What one permission opens, to whom."""

    protocol: str
    first: int
    last: int
    networks: Sequence[IPv4Network | IPv6Network]


def world_ports(found: object) -> list[dict[str, object]]:
    """The ranges of TCP and UDP ports that the ingress rules together open to the world.

    Args:
        found: `item`, the security group, and `answers`, the entries of its prefix lists by id.

    Raises:
        ValueError: A CIDR is none, or a rule has no protocol.
        KeyError: The entries of a prefix list are not there.
    """
    both = mapping(found, "group and prefix lists")
    group = mapping(both.get("item"), "security group")
    lists = mapping(both.get("answers"), "prefix lists")
    openings = [
        _opening(permission, lists)
        for permission in mappings(group.get("IpPermissions"), "IpPermissions")
    ]
    return [
        {"protocol": protocol, "from_port": first, "to_port": last}
        for protocol, names in _PROTOCOLS.items()
        for first, last in _open_ranges([o for o in openings if o.protocol in names])
    ]


def _opening(permission: Mapping[str, object], lists: Mapping[str, object]) -> _Opening:
    protocol = text(permission.get("IpProtocol"), "IpProtocol")
    every = protocol == "-1"
    cidrs = [
        *_values(permission, "IpRanges", "CidrIp"),
        *_values(permission, "Ipv6Ranges", "CidrIpv6"),
    ]
    for prefix_list in _values(permission, "PrefixListIds", "PrefixListId"):
        answer = mapping(lists[prefix_list], prefix_list)
        cidrs += [text(e.get("Cidr"), "Cidr") for e in mappings(answer.get("Entries"), "Entries")]
    # A rule for ports that does not say which opens all of them.
    first = 0 if every else _port(permission.get("FromPort"), 0)
    last = _LAST_PORT if every else _port(permission.get("ToPort"), _LAST_PORT)
    return _Opening(protocol, first, last, [ip_network(cidr, strict=False) for cidr in cidrs])


def _port(value: object, otherwise: int) -> int:
    if value in (None, -1):
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"port: got {value!r}, expected a whole number")
    return value


def _values(permission: Mapping[str, object], key: str, name: str) -> Iterator[str]:
    for entry in optional_mappings(permission.get(key), key):
        yield text(entry.get(name), name)


def _open_ranges(openings: Sequence[_Opening]) -> list[tuple[int, int]]:
    """Ranges of ports open to the world; between two bounds of rules nothing changes."""
    starts = sorted({bound for o in openings for bound in (o.first, o.last + 1)})
    ranges: list[tuple[int, int]] = []
    for first, following in pairwise(starts):
        here = [o for o in openings if o.first <= first <= o.last]
        if not cover_the_world([network for o in here for network in o.networks]):
            continue
        if ranges and ranges[-1][1] == first - 1:
            ranges[-1] = (ranges[-1][0], following - 1)
        else:
            ranges.append((first, following - 1))
    return ranges


def cover_the_world(networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether they together hold a large share of the addresses in use of a family."""
    four = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
    six = collapse_addresses(n for n in networks if isinstance(n, IPv6Network))
    unused = [IPv4Network(cidr) for cidr in _IPV4_UNUSED]
    in_use = IPv4Network("0.0.0.0/0").num_addresses - sum(n.num_addresses for n in unused)
    open_four = sum(n.num_addresses - _common(n, unused) for n in four)
    used = [IPv6Network(cidr) for cidr in _IPV6_USED]
    open_six = sum(_common(n, used) for n in six)
    return (
        Fraction(open_four, in_use) >= _LARGE_SHARE
        or Fraction(open_six, sum(n.num_addresses for n in used)) >= _LARGE_SHARE
    )


def _common(network: _Network, others: Iterable[_Network]) -> int:
    """Number of the network's addresses that are in the others, which do not overlap."""
    return sum(
        min(network.num_addresses, other.num_addresses)
        for other in others
        if network.overlaps(other)
    )
