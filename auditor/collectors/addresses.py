"""IP addresses as text, the same from every version of Python."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address


def address_text(address: IPv4Address | IPv6Address) -> str:
    """The canonical text (RFC 5952); an IPv4-mapped address in the mixed form of its section 5.

    Python before 3.13 writes `::ffff:7f00:1`, later ones `::ffff:127.0.0.1`: keys made of it would
    name another resource after an upgrade.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)
