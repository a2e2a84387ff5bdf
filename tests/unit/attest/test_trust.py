"""The trust policy reads back, and nothing malformed is trusted."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.attest.trust import TrustPolicy
from auditor.errors import ConfigError
from tests.unit.store.building import BEGIN, Site


@pytest.fixture
def policy(tmp_path: Path) -> TrustPolicy:
    return Site(tmp_path).trust


def test_a_policy_reads_back(policy: TrustPolicy) -> None:
    assert TrustPolicy.parse(policy.to_json()) == policy
    assert json.loads(policy.to_json())["schema"] == "trust-1"


def test_a_run_key_is_found_by_its_id(policy: TrustPolicy) -> None:
    key = policy.run_keys[0]
    assert policy.run_key(key.key_id) == key
    assert policy.run_key("0" * 64) is None
    assert key.algorithm == "ecdsa-p256-sha256"


def test_validity_includes_its_beginning_and_excludes_its_end(policy: TrustPolicy) -> None:
    end = BEGIN + timedelta(days=1)
    key = policy.log_keys[0].model_copy(update={"not_after": end})
    assert key.covers(BEGIN)
    assert not key.covers(BEGIN - timedelta(microseconds=1))
    assert not key.covers(end)
    assert policy.log_keys[0].covers(end)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "trust-2"}, "schema"),
        ({"log_keys": []}, "log_keys"),
        ({"run_keys": []}, "run_keys"),
        ({"more": 1}, "more"),
        ({"log_keys": [{"vkey": "x+y+z", "not_before": "2026-01-01T00:00:00Z"}]}, "vkey"),
        (
            {"approvers": [{"name": "a", "public_key": "x", "not_before": "2026-01-01T00:00:00Z"}]},
            "public_key",
        ),
        ({"required": {"timestamp": "perhaps"}}, "timestamp"),
    ],
)
def test_a_malformed_policy_is_refused_with_the_place(
    policy: TrustPolicy, change: dict[str, object], message: str
) -> None:
    text = json.dumps(json.loads(policy.to_json()) | change)
    with pytest.raises(ConfigError, match=message) as caught:
        TrustPolicy.parse(text, where="trust/policy.json")
    assert caught.value.where == "trust/policy.json"


@pytest.mark.parametrize("text", ["", "{", "[" * 10_000, "x" * 5_000_000])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        TrustPolicy.parse(text)
