"""Types, grants and plans need no system and no SDK, and are the same every time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.app.registry import Collectors

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def said() -> list[dict[str, Any]]:
    """Two processes, with other seeds of their hashes."""
    found = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.services.contract.offline"],
            cwd=Path(__file__).parents[3],
            env={"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    return found


def test_no_sdk_is_loaded_and_nobody_is_talked_to(said: list[dict[str, Any]]) -> None:
    assert said[0]["said"].keys() == set(Collectors().names)
    assert said[0]["imported"] == []


def test_all_is_the_same_every_time(said: list[dict[str, Any]]) -> None:
    assert said[0] == said[1]


def test_every_collector_says_what_it_needs(said: list[dict[str, Any]]) -> None:
    for name, one in said[0]["said"].items():
        assert one["types"], name
        assert all(kind.startswith(f"{name}.") for kind in one["types"])
        assert one["grants"], name
        files_only = all(kind.declared for kind in Collectors().get(name).target_kinds.values())
        assert files_only or all(text.strip() for text in one["grants"].values()), name


def test_every_plan_is_sorted_and_says_each_request_once(said: list[dict[str, Any]]) -> None:
    for name, one in said[0]["said"].items():
        for kind, plan in one["plans"].items():
            declared = Collectors().get(name).target_kinds[kind].declared
            assert plan or declared or name == "host", f"{kind}: reading it sends nothing?"
            requests = [(per, request) for per, request, _times in plan]
            assert requests in (sorted(requests), sorted(requests, key=lambda r: r[1])), kind
            assert len(set(requests)) == len(requests), kind
            assert all(times is None or times > 0 for _per, _request, times in plan), kind
