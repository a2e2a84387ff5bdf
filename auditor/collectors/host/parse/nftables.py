"""`nft -j list ruleset` (libnftables-json(5)): which base chains drop what no rule accepts.

Each base chain is walked as a packet would walk it that fits no narrow match: jumps and gotos are
followed, a return ends a chain. What decides about that packet decides about the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from auditor.collectors.host.parse.nft_match import Sets, narrows

_HOOKS = ("input", "forward")
_FAMILIES = {"inet": ("ip", "ip6"), "ip": ("ip",), "ip6": ("ip6",)}
_DECIDED: Mapping[str, str | None] = {"drop": "drop", "reject": "drop"}
_VERDICTS = frozenset({"accept", "drop", "reject", "return", "jump", "goto", "queue"})
# Statements that can leave packets out without the rule's being narrow.
_CONDITIONS = frozenset({"limit", "quota", "ct count", "meter", "last"})
_HARMLESS_FLAGS = frozenset({"owner", "persist"})  # nft(8): who may change the table
_MAX_DEPTH = 16  # of jumps: the kernel's own limit

Statement = Mapping[str, object]
Key = tuple[str, str, str]


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
        ValueError: Not the JSON that nft writes, or something in it that is not understood.
    """
    try:
        items = json.loads(text)["nftables"]
        ruleset = _Ruleset(items)
        chains = [
            ruleset.base(item["chain"])
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


class _Ruleset:
    """Rules by chain, and the named sets and maps of each table."""

    def __init__(self, items: Sequence[Mapping[str, Mapping[str, object]]]) -> None:
        self._rules: dict[Key, list[list[Statement]]] = {}
        self._sets: dict[tuple[str, str], dict[str, list[object]]] = {}
        self._flags: dict[tuple[str, str], list[str]] = {}
        for kind, item in (pair for each in items for pair in each.items()):
            if kind == "rule":
                self._rules.setdefault(_key(item, "chain"), []).append(item["expr"])  # type: ignore[arg-type]  # a list, or TypeError
            elif kind in ("set", "map"):
                family, table, name = _key(item, "name")
                named = self._sets.setdefault((family, table), {})
                named[name] = item.get("elem", [])  # type: ignore[assignment]  # idem
            elif kind == "table" and item.get("flags"):
                flags = item["flags"]
                of_table = (str(item["family"]), str(item["name"]))
                self._flags[of_table] = [flags] if isinstance(flags, str) else list(flags)  # type: ignore[call-overload]  # idem

    def base(self, chain: Mapping[str, str]) -> Chain:
        """A base chain, walked to its end.

        Raises:
            ValueError: Its table has flags (a dormant one filters nothing, and nft 1.0.6 prints
                another word for it), or a rule of it is not understood.
        """
        key = _key(chain, "name")
        odd = set(self._flags.get(key[:2], ())) - _HARMLESS_FLAGS
        if odd:
            raise ValueError(
                f"table {key[0]} {key[1]} has the flags {sorted(odd)}: is it in force?"
            )
        policy = chain.get("policy", "accept")
        end = self._walk(key, 0) or policy
        rules = len(self._rules.get(key, ()))
        return Chain(*key, chain["hook"], policy, rules, end == "drop")

    def _walk(self, key: Key, depth: int) -> str | None:
        """`accept` or `drop` for the rest; None where the chain comes to its end."""
        if depth > _MAX_DEPTH:
            raise ValueError(f"chain {key[2]}: its jumps do not end")
        sets = self._sets.get(key[:2], {})
        for rule in self._rules.get(key, ()):
            for verdict, target, certain in _verdicts(rule, sets):
                if verdict == "return":  # even one that takes only nearly everything
                    return None
                found = _DECIDED.get(verdict, "accept")
                if verdict in ("jump", "goto"):
                    found = self._walk((key[0], key[1], target), depth + 1)
                goes_on = verdict == "jump" and found is None
                if not goes_on and (certain or found != "drop"):
                    return found
        return None


def _verdicts(rule: Sequence[Statement], sets: Sets) -> Iterator[tuple[str, str, bool]]:
    """Verdicts of a rule for packets that fit no narrow match: verdict, target, for all of them."""
    certain, opaque = True, False
    for statement in rule:
        for name, value in statement.items():
            if name == "match":
                if narrows(value, sets):  # type: ignore[arg-type]  # an object, or TypeError
                    return
                certain = False
            elif name == "vmap":
                yield from _of_map(value, sets)  # type: ignore[arg-type]  # idem
                certain = False
            elif name in _VERDICTS:
                if opaque and name not in _DECIDED:
                    raise ValueError("a rule accepts by an extension of iptables, which nft hides")
                target = value["target"] if name in ("jump", "goto") else ""  # type: ignore[index]  # idem
                yield name, target, certain
            elif name == "xt":
                certain, opaque = False, True
            else:
                certain = certain and name not in _CONDITIONS


def _of_map(value: Mapping[str, object], sets: Sets) -> Iterator[tuple[str, str, bool]]:
    """A verdict map: each pair is a match and its verdict."""
    data = value["data"]
    if isinstance(data, str):
        if data[1:] not in sets:
            raise ValueError(f"the map {data} is not in the ruleset")
        pairs: Sequence[object] = sets[data[1:]]
    else:
        pairs = data["set"]  # type: ignore[index]  # an object, or TypeError
    for pair in pairs:
        element, verdict = cast("tuple[object, Statement]", pair)
        fits = {"match": {"op": "==", "left": value["key"], "right": {"set": [element]}}}
        yield from _verdicts([fits, verdict], sets)


def _key(item: Mapping[str, object], last: str) -> Key:
    return str(item["family"]), str(item["table"]), str(item[last])
