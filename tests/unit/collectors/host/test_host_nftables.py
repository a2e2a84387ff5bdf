"""Which rulesets drop what no rule accepts."""

from __future__ import annotations

import json

import pytest

from auditor.collectors.host.parse.nftables import default_drop, parse_ruleset


def _chain(family: str = "inet", policy: str = "accept", hook: str = "input") -> dict[str, object]:
    chain = {"family": family, "table": "t", "name": "c", "handle": 1, "type": "filter"}
    return {"chain": {**chain, "hook": hook, "prio": 0, "policy": policy}}


def _rule(*statements: dict[str, object], family: str = "inet") -> dict[str, object]:
    return {"rule": {"family": family, "table": "t", "chain": "c", "expr": list(statements)}}


_SSH: dict[str, object] = {
    "match": {
        "op": "==",
        "left": {"payload": {"protocol": "tcp", "field": "dport"}},
        "right": 22,
    }
}
_ACCEPT: dict[str, object] = {"accept": None}
_REJECT: dict[str, object] = {"reject": {"type": "icmpx"}}
_COUNTER: dict[str, object] = {"counter": {"packets": 0, "bytes": 0}}


def _drops(*items: dict[str, object]) -> bool:
    text = json.dumps({"nftables": [{"metainfo": {"version": "1.0.6"}}, *items]})
    return default_drop(parse_ruleset(text), "input")


def test_policy_drop_with_a_list_of_ports() -> None:
    assert _drops(_chain(policy="drop"), _rule(_SSH, _ACCEPT))


def test_policy_accept_that_ends_in_reject() -> None:
    assert _drops(_chain(), _rule(_SSH, _ACCEPT), _rule(_COUNTER, _REJECT))


@pytest.mark.parametrize(
    "items",
    [
        (),
        (_chain(),),
        (_chain(policy="drop"), _rule(_COUNTER, _ACCEPT)),
        (_chain("ip", "drop"),),
        (_chain(policy="drop", hook="forward"),),
        (_chain(), _rule(_SSH, _REJECT)),
    ],
)
def test_rest_that_is_let_in(items: tuple[dict[str, object], ...]) -> None:
    assert not _drops(*items)


def test_both_families_may_have_chains_of_their_own() -> None:
    assert _drops(_chain("ip", "drop"), _chain("ip6", "drop"))


@pytest.mark.parametrize("text", ["", "{}", '{"nftables": [{"rule": {}}]}', '{"nftables": 1}'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_ruleset(text)


def _inner(*statements: dict[str, object]) -> dict[str, object]:
    return {"rule": {"family": "inet", "table": "t", "chain": "x", "expr": list(statements)}}


def _match(left: dict[str, object], right: object, op: str = "==") -> dict[str, object]:
    return {"match": {"op": op, "left": left, "right": right}}


def _payload(field: str, protocol: str = "tcp") -> dict[str, object]:
    return {"payload": {"protocol": protocol, "field": field}}


_DROP: dict[str, object] = {"drop": None}
_RETURN: dict[str, object] = {"return": None}
_JUMP: dict[str, object] = {"jump": {"target": "x"}}
_GOTO: dict[str, object] = {"goto": {"target": "x"}}
_STATE: dict[str, object] = {"ct": {"key": "state"}}
_NEW = _match(_STATE, ["new", "established"], "in")
_SADDR = _payload("saddr", "ip")


def _prefix(address: str, length: int) -> dict[str, object]:
    return {"prefix": {"addr": address, "len": length}}


def _vmap(data: object) -> dict[str, object]:
    return {"vmap": {"key": _STATE, "data": data}}


@pytest.mark.parametrize(
    "rules",
    [
        [_rule(_RETURN), _rule(_DROP)],
        [_rule(_NEW, _RETURN), _rule(_DROP)],
        [_rule(_JUMP), _inner(_ACCEPT), _rule(_DROP)],
        [_rule(_GOTO), _inner(_COUNTER), _rule(_DROP)],
        [_rule(_NEW, _GOTO), _rule(_DROP)],
        [_rule(_NEW, _JUMP), _inner(_ACCEPT), _rule(_DROP)],
        [_rule(_NEW, _JUMP), _inner(_DROP)],
        [_rule({"limit": {"rate": 1}}, _DROP)],
        [_rule(_NEW, _DROP)],
    ],
)
def test_accepting_chain_that_does_not_drop_everything(rules: list[dict[str, object]]) -> None:
    assert not _drops(_chain(), *rules)


@pytest.mark.parametrize(
    "statements",
    [
        [_match(_SADDR, _prefix("0.0.0.0", 0)), _ACCEPT],
        [_match(_payload("saddr", "ip6"), _prefix("2000::", 3)), _ACCEPT],
        [_match(_SADDR, {"set": [_prefix("0.0.0.0", 1), _prefix("128.0.0.0", 1)]}), _ACCEPT],
        [_match(_SADDR, {"range": ["0.0.0.0", "255.255.255.255"]}), _ACCEPT],
        [_match(_SADDR, "10.0.0.1", "!="), _ACCEPT],
        [_match(_SADDR, "@wide"), _ACCEPT],
        [_NEW, _ACCEPT],
        [_match({"meta": {"key": "l4proto"}}, "tcp"), _ACCEPT],
        [_match({"meta": {"key": "nfproto"}}, "ipv4"), _ACCEPT],
        [_match(_payload("dport"), {"range": [1, 65535]}), _ACCEPT],
        [
            _match(_payload("dport"), {"set": [{"range": [1, 20000]}, {"range": [20001, 40000]}]}),
            _ACCEPT,
        ],
        [{"limit": {"rate": 10, "per": "second"}}, _ACCEPT],
        [{"queue": None}],
        [_vmap({"set": [["established", _ACCEPT], ["new", _ACCEPT]]})],
        [_vmap("@verdicts")],
    ],
)
def test_rule_that_lets_nearly_everything_in(statements: list[dict[str, object]]) -> None:
    table = {"family": "inet", "table": "t"}
    wide: dict[str, object] = {
        "set": {**table, "name": "wide", "elem": [{"elem": {"val": _prefix("0.0.0.0", 0)}}]}
    }
    verdicts: dict[str, object] = {"map": {**table, "name": "verdicts", "elem": [["new", _ACCEPT]]}}
    assert not _drops(_chain(policy="drop"), wide, verdicts, _rule(*statements))


@pytest.mark.parametrize(
    "rules",
    [
        [_rule(_COUNTER, _REJECT), _rule(_SSH, _ACCEPT)],
        [_rule(_JUMP), _inner(_SSH, _ACCEPT), _inner(_DROP)],
        [_rule(_JUMP), _inner(_RETURN), _inner(_ACCEPT), _rule(_DROP)],
        [_rule(_SSH, _JUMP), _inner(_ACCEPT), _rule(_DROP)],
        [_rule(_match(_STATE, ["established", "related"], "in"), _ACCEPT), _rule(_DROP)],
        [_rule(_match({"meta": {"key": "iif"}}, "lo"), _ACCEPT), _rule(_DROP)],
        [_rule(_match(_SADDR, _prefix("10.0.0.0", 8)), _ACCEPT), _rule(_DROP)],
        [_rule(_vmap({"set": [["established", _ACCEPT], ["invalid", _DROP]]})), _rule(_DROP)],
        [_rule({"xt": None}, _DROP), _rule(_DROP)],
    ],
)
def test_accepting_chain_that_drops_the_rest(rules: list[dict[str, object]]) -> None:
    assert _drops(_chain(), *rules)


@pytest.mark.parametrize(
    "items",
    [
        # nft 1.0.6 prints the family where `dormant` stands.
        [{"table": {"family": "inet", "name": "t", "flags": "inet"}}],
        [{"table": {"family": "inet", "name": "t", "flags": ["dormant"]}}],
        [_rule({"xt": None}, _ACCEPT)],
        [_rule(_match(_SADDR, "@gone"), _ACCEPT)],
        [_rule(_vmap("@gone"))],
        [_rule(_JUMP), _inner(_JUMP)],
    ],
)
def test_what_is_not_understood_is_refused(items: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match=r"flags|extension|not in the ruleset|do not end"):
        _drops(_chain(policy="drop"), *items)


def test_table_that_only_has_an_owner_is_in_force() -> None:
    table: dict[str, object] = {
        "table": {"family": "inet", "name": "t", "flags": ["owner", "persist"]}
    }
    assert _drops(table, _chain(policy="drop"))
