"""The hooks, by the real pre-commit, in a repository made for the test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.integrations.conftest import ROOT, Run
from tests.unit.app.company import CONTROL, Company

pytestmark = pytest.mark.service
HOOKS = ROOT / ".pre-commit-hooks.yaml"
PRE_COMMIT = str(Path(sys.executable).with_name("pre-commit"))


def hooks() -> list[dict[str, object]]:
    """As a user has them, but with the program that is here instead of an installed one."""
    listed = yaml.safe_load(HOOKS.read_text("utf-8"))
    return [{**hook, "language": "system"} for hook in listed]


@pytest.fixture
def repository(work: Company, run: Run) -> Company:
    config = {"repos": [{"repo": "local", "hooks": hooks()}]}
    (work.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    (work.folder / "library").rename(work.folder / "controls")
    work.configure(controls=["controls"])
    assert run("git", "init", "--quiet", ".").code == 0
    assert run("git", "add", ".").code == 0
    return work


def test_the_manifest_is_valid(run: Run) -> None:
    done = run(PRE_COMMIT, "validate-manifest", str(HOOKS))
    assert done.code == 0, done.out


def test_a_wrong_control_stops_the_commit_with_its_line(repository: Company, run: Run) -> None:
    path = repository.folder / "controls" / "access" / CONTROL / "control.yaml"
    path.write_text(path.read_text("utf-8").replace("resource.ok", "resource.okay"), "utf-8")
    run("git", "add", ".")
    done = run(PRE_COMMIT, "run", "auditor-controls-lint")
    assert done.code == 1, done.out
    assert "control.yaml:" in done.out
    assert "okay" in done.out


def test_a_file_that_is_no_control_runs_no_hook(repository: Company, run: Run) -> None:
    (repository.folder / "README.md").write_text("hello\n", "utf-8")
    run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "x")
    run("git", "add", "README.md")
    done = run(PRE_COMMIT, "run")
    assert done.code == 0, done.out
    assert done.out.count("no files to check") == 2
