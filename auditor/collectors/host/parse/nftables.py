"""`nft -j list ruleset` (libnftables-json(5)): which base chains drop what no rule accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_HOOKS = ("input", "forward")
_FAMILIES = {"inet": ("ip", "ip6"), "ip": ("ip",), "ip6": ("ip6",)}
_PASSING = frozenset({"counter", "log", "comment"})  # statements that decide nothing


@dataclass(frozen=True, slots=True)
class Chain:
    """A base chain of type filter on input or forward."""

    family: str
    table: str
    name: str
    hook: str
    policy: str
    rules: int
    drops_the_rest: bool

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "family": self.family,
            "table": self.table,
            "name": self.name,
            "hook": self.hook,
            "policy": self.policy,
            "rules": self.rules,
            "drops_the_rest": self.drops_the_rest,
        }


def parse_ruleset(text: str) -> list[Chain]:
    """The base chains that filter what comes in or passes through, sorted.

    Raises:
        ValueError: Not the JSON that nft writes.
    """
    try:
        items = json.loads(text)["nftables"]
        rules: dict[tuple[str, str, str], list[Sequence[Mapping[str, object]]]] = {}
        for rule in (item["rule"] for item in items if "rule" in item):
            key = (rule["family"], rule["table"], rule["chain"])
            rules.setdefault(key, []).append(rule["expr"])
        chains = [
            _chain(item["chain"], rules)
            for item in items
            if "chain" in item
            and item["chain"].get("hook") in _HOOKS
            and item["chain"].get("type") == "filter"
            and item["chain"]["family"] in _FAMILIES
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not as nft writes it: {error!r}") from error
    return sorted(chains, key=lambda chain: (chain.hook, chain.family, chain.table, chain.name))


def default_drop(chains: Sequence[Chain], hook: str) -> bool:
    """For IPv4 and for IPv6, some chain on that hook drops what it does not accept."""
    dropped = {
        family
        for chain in chains
        if chain.hook == hook and chain.drops_the_rest
        for family in _FAMILIES[chain.family]
    }
    return dropped == {"ip", "ip6"}


def _chain(
    chain: Mapping[str, str],
    rules: Mapping[tuple[str, str, str], Sequence[Sequence[Mapping[str, object]]]],
) -> Chain:
    own = rules.get((chain["family"], chain["table"], chain["name"]), ())
    policy = chain.get("policy", "accept")
    drops = not any(_everything(rule, ("accept",)) for rule in own) and (
        policy == "drop" or any(_everything(rule, ("drop", "reject")) for rule in own[-1:])
    )
    return Chain(
        chain["family"], chain["table"], chain["name"], chain["hook"], policy, len(own), drops
    )


def _everything(rule: Sequence[Mapping[str, object]], verdicts: Sequence[str]) -> bool:
    """The rule has no condition, and one of these verdicts."""
    names = [name for statement in rule for name in statement if name not in _PASSING]
    return len(names) == 1 and names[0] in verdicts
