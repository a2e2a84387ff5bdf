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
        (_chain(), _rule(_COUNTER, _REJECT), _rule(_SSH, _ACCEPT)),
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
