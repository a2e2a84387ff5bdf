"""A repository that is arranged so that `main` is not what its readers take it for."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.gate import changes as do
from tests.gate.conftest import Gate
from tests.gate.repository import Repository

BASELINE = ("--baseline", "git:main:baseline.zip")


@pytest.fixture
def raised(change: Repository) -> Repository:
    """A regression, and a signed baseline in which it stands already."""
    do.level("a", 1)(change)
    change.export(change.scan(datetime.now(UTC) - timedelta(hours=1)))
    change.commit()
    return change


def test_the_raised_baseline_excuses_the_regression_where_it_is_taken(
    raised: Repository, auditor: Gate
) -> None:
    assert raised.folder.is_dir()
    assert auditor("gate", "--baseline", "git:change:baseline.zip").code == 0
    assert auditor("gate", *BASELINE).code == 1


@pytest.mark.parametrize("name", ["refs/tags/main", "refs/remotes/main"])
def test_a_second_ref_of_the_base_branchs_name_is_refused(
    raised: Repository, auditor: Gate, name: str
) -> None:
    raised.git("update-ref", name, "HEAD")
    said = auditor("gate", *BASELINE)
    assert (said.code, "may mean another commit" in said.err) == (2, True), said.err
    past = auditor("gate", "--baseline", "git:main~0:baseline.zip")
    assert (past.code, "may mean another commit" in past.err) == (2, True), past.err
    assert auditor("gate", "--baseline", "git:refs/heads/main:baseline.zip").code == 1


def test_a_whole_name_is_not_looked_for_elsewhere(raised: Repository, auditor: Gate) -> None:
    raised.git("update-ref", "refs/tags/refs/remotes/origin/main", "HEAD")
    said = auditor("gate", "--baseline", "git:refs/remotes/origin/main:baseline.zip")
    assert (said.code, "may mean another commit" in said.err) == (2, True), said.err


def test_a_tag_is_no_branch_of_a_remote(raised: Repository, auditor: Gate) -> None:
    raised.git("remote", "add", "origin", str(raised.folder))
    raised.git("tag", "origin/main")
    said = auditor("gate", "--baseline", "git:origin/main:baseline.zip")
    assert (said.code, "no branch of the remote origin" in said.err) == (2, True), said.err
    raised.git("tag", "--delete", "origin/main")
    raised.git("fetch", "--quiet", "origin")
    assert auditor("gate", "--baseline", "git:origin/main:baseline.zip").code == 1


def test_a_replaced_commit_is_not_the_base(raised: Repository, auditor: Gate) -> None:
    raised.git("replace", "main", "HEAD")
    assert auditor("gate", *BASELINE).code == 1


def test_the_environment_names_no_other_repository(
    raised: Repository, auditor: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = raised.folder.parent / "other"
    raised.git("clone", "--quiet", str(raised.folder), str(other))
    raised.git("-C", str(other), "branch", "--force", "main", "origin/change")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert auditor("gate", *BASELINE).code == 1


def test_a_submodule_has_the_base_that_the_change_chose_for_it(
    raised: Repository, auditor: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised.git("branch", "--force", "main", "HEAD")
    outer = tmp_path / "outer"
    subprocess.run(["git", "init", "--quiet", str(outer)], check=True)
    Repository(outer, raised.approver).git(
        *("-c", "protocol.file.allow=always", "submodule", "--quiet", "add"),
        *(str(raised.folder), "audit"),
    )
    monkeypatch.chdir(outer / "audit")
    said = auditor("gate", "--baseline", "git:origin/main:baseline.zip")
    assert (said.code, "is a submodule" in said.err) == (2, True), said.err


def test_authors_are_not_read_from_a_history_that_was_cut_off(
    change: Repository, auditor: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do.level("a", 1)(change)
    change.waive(change.approver, id="W-2026-002", match='resource.name == "a"')
    change.git("add", "-A")
    change.git("-c", "user.name=Ciso", "commit", "--quiet", "-m", "waived by its author")
    change.commit("by Dana")
    assert auditor("gate", *BASELINE).code == 1
    shallow = tmp_path / "shallow"
    clone = ("clone", "--quiet", "--depth", "1", "--no-single-branch", "--branch", "change")
    change.git(*clone, f"file://{change.folder}", str(shallow))
    monkeypatch.chdir(shallow)
    said = auditor("gate", "--baseline", "git:origin/main:baseline.zip")
    assert (said.code, "cut off" in said.err) == (2, True), said.err


def test_the_baseline_is_of_its_own_commit_whatever_commit_the_trust_is_of(
    raised: Repository, auditor: Gate
) -> None:
    said = auditor("gate", "--baseline", "git:change:baseline.zip", "--trust", "git:main")
    assert said.code == 0, "that baseline knows the regression"
    said = auditor("gate", *BASELINE, "--trust", "git:change")
    assert (said.code, raised.folder.is_dir()) == (1, True)
