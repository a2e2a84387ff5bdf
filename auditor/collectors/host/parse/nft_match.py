"""How much a match of nftables lets through: a part of the traffic, or in effect all of it.

A rule that accepts is a hole of a known size only if some match narrows it: to ports, addresses,
an interface, connections that exist already. `ct state new`, 0.0.0.0/0, a protocol as a whole, a
negation or a limit of the rate do not. Whether a narrow hole is meant is for the review of rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Sets = Mapping[str, Sequence[object]]

_WHOLE = 3  # a prefix of so few bits holds an eighth of all addresses, or more
_PORTS = 65_536 // 2  # so many ports are no list of services
_BROAD = {  # values that leave nearly everything in
    ("meta", "l4proto"): frozenset({"tcp", "udp", 6, 17}),
    ("meta", "nfproto"): frozenset({"ipv4", "ipv6", 2, 10}),
    ("meta", "protocol"): frozenset({"ip", "ip6"}),
    ("meta", "pkttype"): frozenset({"host", "unicast"}),
    ("payload", "protocol"): frozenset({"tcp", "udp", 6, 17}),
    ("payload", "nexthdr"): frozenset({"tcp", "udp", 6, 17}),
    ("ct", "state"): frozenset({"new", "untracked"}),
    ("ct", "direction"): frozenset({"original"}),
}


def narrows(match: Mapping[str, object], sets: Sets) -> bool:
    """Only a part of the traffic fits this match.

    Args:
        match: The object of a `match` statement (libnftables-json(5)).
        sets: Elements of the table's named sets, by name.

    Raises:
        ValueError: A named set that the ruleset does not show.
    """
    if match.get("op") not in ("==", "in"):
        return False
    key = _key(match["left"])
    values = elements(match["right"], sets)
    if key[1] in ("dport", "sport"):
        return sum(_width(value) for value in values) < _PORTS
    return not any(_is_broad(key, value) for value in values)


def elements(value: object, sets: Sets) -> Sequence[object]:
    """The values of a literal, a set in braces or a named set.

    Raises:
        ValueError: A named set that the ruleset does not show.
    """
    if isinstance(value, str) and value.startswith("@"):
        if value[1:] not in sets:
            raise ValueError(f"the set {value} is not in the ruleset")
        return [_plain(item) for item in sets[value[1:]]]
    if isinstance(value, Mapping) and "set" in value:
        return [_plain(item) for item in value["set"]]
    return value if isinstance(value, list) else [value]


def _plain(item: object) -> object:
    """An element without its comment, counter and time."""
    if isinstance(item, Mapping) and "elem" in item:
        inner = item["elem"]
        return inner["val"] if isinstance(inner, Mapping) else inner
    return item


def _key(left: object) -> tuple[str, str]:
    """What is compared: ("payload", "saddr"), ("ct", "state"); unknown kinds have no field."""
    if not isinstance(left, Mapping) or len(left) != 1:
        return "", ""
    kind, inner = next(iter(left.items()))
    if not isinstance(inner, Mapping):
        return str(kind), ""
    return str(kind), str(inner.get("field", inner.get("key", "")))


def _is_broad(key: tuple[str, str], value: object) -> bool:
    if isinstance(value, Mapping) and "prefix" in value:
        return int(value["prefix"]["len"]) <= _WHOLE
    if key[1] in ("saddr", "daddr") and isinstance(value, Mapping):
        return True  # a range, or an expression: how wide it is is not computed
    return isinstance(value, (str, int)) and value in _BROAD.get(key, ())


def _width(value: object) -> int:
    """How many ports: of a range all of them, of an expression nobody knows."""
    if isinstance(value, Mapping):
        first, last = value.get("range", (0, _PORTS))
        return int(last) - int(first) + 1
    return 1
