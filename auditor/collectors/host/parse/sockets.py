"""/proc/net/{tcp,tcp6,udp,udp6} (proc(5)): who listens."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass

from auditor.collectors.addresses import address_text

_LISTEN = {"tcp": "0A", "udp": "07"}  # UDP has no listening; 07 is an unconnected socket


@dataclass(frozen=True, slots=True)
class Socket:
    """A listening socket; `address` as people write it."""

    protocol: str
    family: str
    address: str
    port: int
    uid: int
    inode: int

    @property
    def loopback(self) -> bool:
        """Reached from this host alone."""
        address = ipaddress.ip_address(self.address)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback

    @property
    def any_address(self) -> bool:
        """All addresses of the host."""
        return ipaddress.ip_address(self.address).is_unspecified

    @property
    def id(self) -> str:
        """`tcp/0.0.0.0:22`, `tcp/[::]:22`."""
        shown = f"[{self.address}]" if self.family == "ipv6" else self.address
        return f"{self.protocol}/{shown}:{self.port}"


def parse_sockets(text: str, protocol: str, family: str) -> list[Socket]:
    """Listening sockets of one table.

    Args:
        text: The table.
        protocol: `tcp` or `udp`.
        family: `ipv4` or `ipv6`.

    Raises:
        ValueError: A row of another form; the message has its number.
    """
    sockets = []
    for number, line in enumerate(text.splitlines()[1:], start=2):
        parts = line.split()
        try:
            if parts[3] != _LISTEN[protocol] or int(parts[2].rsplit(":", 1)[1], 16) != 0:
                continue
            address, _, port = parts[1].partition(":")
            shown = _address(address)
            sockets.append(
                Socket(protocol, family, shown, int(port, 16), int(parts[7]), int(parts[9]))
            )
        except (IndexError, ValueError) as error:
            raise ValueError(f"line {number}: {error}") from error
    return sockets


def _address(text: str) -> str:
    """Each 32-bit word stands in the byte order of the machine."""
    raw = bytes.fromhex(text)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return address_text(ipaddress.ip_address(raw))
