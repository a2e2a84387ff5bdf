"""`auditor --engine`: another evaluator, never another verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.engine import ENGINES
from auditor.cli import ENGINES as OFFERED
from tests.e2e.program import auditor, working_folder, write_control

pytestmark = pytest.mark.e2e


def test_what_is_offered_is_what_there_is() -> None:
    assert tuple(ENGINES) == OFFERED


def test_either_engine_gives_the_same_verdicts_and_is_recorded(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"])
    write_control(folder / "library")
    for engine in OFFERED:
        done = auditor(folder, "--engine", engine, "scan", "--format", "json")
        assert done.code == 0, done.err
        assert done.json["engine"].split()[0] == engine
    for engine in OFFERED:
        again = auditor(folder, "--engine", engine, "run", "rejudge", "latest")
        assert again.out == "identical\n"
        assert auditor(folder, "--engine", engine, "verify").code == 0
    assert auditor(folder, "scan", env={"AUDITOR_ENGINE": "cel-cpp"}).code == 0


def test_an_unknown_engine_is_a_usage_error(tmp_path: Path) -> None:
    done = auditor(tmp_path, "--engine", "lenient", "controls", "list")
    assert done.code == 2
    assert "lenient" in done.err
