"""Which ports of a security group are open to the internet at large."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from auditor.collectors.aws.facts.world import cover_the_world, world_ports

_ALL_BUT_ONE = [
    "0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "224.0.0.0/4", "240.0.0.0/5", "248.0.0.0/6",
    "252.0.0.0/7", "254.0.0.0/8",
]  # fmt: skip
_REGISTRIES = ["2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12"]


def _rule(
    cidrs: Sequence[str] = (),
    ports: tuple[object, object] = (22, 22),
    protocol: str = "tcp",
    lists: Sequence[str] = (),
) -> dict[str, object]:
    return {
        "IpProtocol": protocol,
        "FromPort": ports[0],
        "ToPort": ports[1],
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs if ":" not in cidr],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in cidrs if ":" in cidr],
        "PrefixListIds": [{"PrefixListId": name} for name in lists],
    }


def _open(*rules: dict[str, object], **lists: Sequence[str]) -> list[tuple[object, ...]]:
    answers = {
        name: {"Entries": [{"Cidr": cidr} for cidr in cidrs]} for name, cidrs in lists.items()
    }
    found = world_ports({"item": {"IpPermissions": list(rules)}, "answers": answers})
    return [tuple(opened.values()) for opened in found]


@pytest.mark.parametrize(
    "cidrs",
    [
        ["0.0.0.0/0"], ["::/0"], ["0.0.0.0/1"], ["128.0.0.0/1"], ["2000::/3"], ["2000::/4"],
        ["0.0.0.0/2", "64.0.0.0/2"], ["128.0.0.0/2", "192.0.0.0/3"], _ALL_BUT_ONE, _REGISTRIES,
        ["2000::/4", "10.0.0.0/8"],
    ],
)  # fmt: skip
def test_a_large_share_of_the_internet_is_the_world(cidrs: list[str]) -> None:
    assert cover_the_world([ip_network(cidr) for cidr in cidrs])


@pytest.mark.parametrize(
    "cidrs",
    [
        [], ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"], ["64.0.0.0/2"],
        ["224.0.0.0/3", "0.0.0.0/8"], ["2001:db8::/32"], ["2600::/12"], ["8000::/1"],
        ["64.0.0.0/2"] * 3,
    ],
)  # fmt: skip
def test_private_and_few_addresses_are_not(cidrs: list[str]) -> None:
    assert not cover_the_world([ip_network(cidr) for cidr in cidrs])


def test_rules_add_up_where_their_ports_meet() -> None:
    first, second = _rule(["0.0.0.0/2"], (20, 30)), _rule(["64.0.0.0/2"], (22, 40))
    assert _open(first) == []
    assert _open(first, second) == [("tcp", 22, 30)]
    assert _open(first, second, _rule(["64.0.0.0/2"], protocol="udp")) == [("tcp", 22, 30)]


def test_a_wide_rule_for_few_is_not_opened_by_a_narrow_one_for_all() -> None:
    inside, https = _rule(["10.0.0.0/8"], (0, 65535)), _rule(["0.0.0.0/0"], (443, 443))
    assert _open(inside, https) == [("tcp", 443, 443)]


def test_neighbours_are_one_range() -> None:
    low, high = _rule(["0.0.0.0/0"], (1, 21)), _rule(["::/0"], (22, 80))
    assert _open(low, high, _rule(["0.0.0.0/0"], (90, 90))) == [("tcp", 1, 80), ("tcp", 90, 90)]


def test_a_prefix_list_stands_for_its_entries() -> None:
    rule = _rule(lists=["pl1"])
    assert _open(rule, pl1=["0.0.0.0/0"]) == [("tcp", 22, 22)]
    assert _open(rule, pl1=["10.0.0.0/8"]) == []
    assert _open(rule, pl1=["0.0.0.0/2", "64.0.0.0/2"]) == [("tcp", 22, 22)]


@pytest.mark.parametrize("protocol", ["-1", "6", "17", "udp"])
def test_protocols_by_name_by_number_and_all(protocol: str) -> None:
    opened = _open(_rule(["0.0.0.0/0"], (22, 22), protocol))
    if protocol == "-1":
        assert opened == [("tcp", 0, 65535), ("udp", 0, 65535)]
    else:
        assert opened == [("tcp" if protocol == "6" else "udp", 22, 22)]


def test_a_rule_that_does_not_say_its_ports_opens_all_of_them() -> None:
    assert _open(_rule(["0.0.0.0/0"], (None, None))) == [("tcp", 0, 65535)]
    assert _open(_rule(["0.0.0.0/0"], (22, None))) == [("tcp", 22, 65535)]
    assert _open(_rule(["0.0.0.0/0"], (-1, -1))) == [("tcp", 0, 65535)]


def test_protocols_without_ports_open_none() -> None:
    assert _open(_rule(["0.0.0.0/0"], (8, -1), "icmp")) == []


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"item": {}, "answers": {}},
        {"item": {"IpPermissions": [{}]}, "answers": {}},
        {"item": {"IpPermissions": [_rule(["everywhere"])]}, "answers": {}},
        {"item": {"IpPermissions": [_rule(ports=("22", 22))]}, "answers": {}},
        {"item": {"IpPermissions": [_rule(lists=["pl1"])]}, "answers": {"pl1": {}}},
        {"item": {"IpPermissions": [_rule(lists=["pl1"])]}, "answers": {"pl1": {"Entries": [{}]}}},
        {
            "item": {"IpPermissions": [_rule() | {"PrefixListIds": [{}]}]},
            "answers": {},
        },
    ],
)
def test_what_is_malformed_is_not_closed(found: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        world_ports(found)


def test_a_prefix_list_that_was_not_read_is_not_empty() -> None:
    with pytest.raises(KeyError):
        _open(_rule(lists=["pl1"]))
