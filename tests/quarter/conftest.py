"""The simulated quarter, made once for all tests of a session."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from auditor.app.period.make import MadeReport
from auditor.app.period.outputs import period_of_project
from auditor.render.period.json_v1 import PeriodJsonRenderer
from auditor.render.period.text import PeriodTextRenderer
from tests.quarter.simulation import Quarter, simulate


@pytest.fixture(scope="session")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    """Its working folder; tests must leave log and store as they are, or copy it."""
    return simulate(tmp_path_factory.mktemp("quarter") / "work")


@pytest.fixture(scope="session")
def made(quarter: Quarter) -> MadeReport:
    return period_of_project(quarter.project(), "2026-Q3")


@pytest.fixture(scope="session")
def document(made: MadeReport) -> dict[str, Any]:
    """The report as its JSON says it."""
    loaded: dict[str, Any] = json.loads(PeriodJsonRenderer().render(made.report))
    return loaded


@pytest.fixture(scope="session")
def text(made: MadeReport) -> str:
    """The report as a person reads it, in one line."""
    return " ".join(PeriodTextRenderer(width=160, rows=100).render(made.report).decode().split())


def copied(quarter: Quarter, folder: Path) -> Quarter:
    """The quarter in another folder, to be written to."""
    shutil.copytree(quarter.folder, folder)
    return Quarter(folder, made=None)
