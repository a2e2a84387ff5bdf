"""The gate as CI runs it: a process of its own, a real git repository, this machine scanned."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.render.gate.document import GateDocument
from tests.e2e.program import auditor, working_folder

pytestmark = pytest.mark.e2e


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Dana", "-c", "user.email=dana@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_pull_request_is_gated_against_the_bundle_of_its_base(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work")
    assert auditor(folder, "scan", "--target", "this-host", "--exit-zero").code == 0
    assert auditor(folder, "export", "--run", "latest", "-o", "baseline.zip").code == 0
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "-A")
    _git(folder, "commit", "--quiet", "-m", "base")
    done = auditor(folder, "gate", "--baseline", "git:main:baseline.zip", "--format", "json")
    document = GateDocument.model_validate_json(done.out)
    assert done.code == document.exit_code
    assert document.refused is None
    assert document.counts["new_failures"] == 0
    (folder / "auditor.yaml").write_text("organisation: nobody\n", "utf-8")
    done = auditor(folder, "gate", "--baseline", "git:main:baseline.zip", "--output", "markdown=c")
    assert done.code == 2
    assert "Nothing was compared" in (folder / "c").read_text("utf-8")
