"""Working folders over the collector in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.app.company import Company, found, target

MakeCompany = Callable[..., Company]


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """One honest target."""
    return found(tmp_path / "work", target())


@pytest.fixture
def make_company(tmp_path: Path) -> MakeCompany:
    """With the targets of the caller's choice."""
    return lambda *targets, **extra: found(tmp_path / "work", *targets, **extra)
