"""Shared by all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
_VARIABLE = "COVERAGE_PROCESS_CONFIG"
# What shows nothing of the gated packages that another test does not show, and takes long: traced,
# it would take half as long again.
_NOT_TRACED = (
    "controls",
    "e2e",
    "integrations",
    "services/aws",
    "services/contract",
    "services/kubernetes",
    "services/mysql",
    "services/postgres",
    "services/redaction",
    "services/s3",
    "services/sql_controls",
    "services/tls",
    "services/witness",
    "unit/collectors",
    "unit/core/expression/test_against_cpp.py",
    "unit/render/test_hostile_strings.py",
    "unit/store/test_kill_points.py",
    "unit/store/test_ledger_crash.py",
    "unit/store/test_power_loss.py",
    "unit/test_shipped_controls.py",
)


def pytest_configure() -> None:
    """Ctrl-C works for the programs that the tests start.

    A job in the background of a shell ignores it, and hands that on to every process below.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is run without a tracer."""
    folders = [_TESTS / name for name in _NOT_TRACED]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.no_cover)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Processes that such a test starts are not traced either."""
    traced = os.environ.pop(_VARIABLE, None) if item.get_closest_marker("no_cover") else None
    try:
        return (yield)
    finally:
        if traced is not None:
            os.environ[_VARIABLE] = traced
