"""`host.firewall`: the packet filter as the kernel holds it."""

from __future__ import annotations

from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.parse.nftables import default_drop, parse_ruleset
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings

_COMMAND = ("nft", "-j", "list", "ruleset")
_LEGACY = ("/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")


def read_firewall(machine: Machine, _settings: HostSettings) -> Reading:
    """One row.

    Raises:
        Unread: nft is not installed, or not allowed to read.
    """
    try:
        chains = parse_ruleset(machine.run(*_COMMAND).stdout)
    except ValueError as error:
        raise Unread(unparsable(" ".join(_COMMAND), str(error))) from error
    row = Row(
        {
            "host": machine.name,
            "input_default_drop": default_drop(chains, "input"),
            "forward_default_drop": default_drop(chains, "forward"),
            "chains": [chain.to_json() for chain in chains],
        }
    )
    row.attempt(("legacy_tables",), lambda: _legacy(machine))
    return Reading([row], {"chains": len(chains)})


def _legacy(machine: Machine) -> dict[str, object]:
    names = {name for path in _LEGACY for name in (machine.text(path) or "").split()}
    return {"legacy_tables": sorted(names)}
