"""The program as a pipeline has it: a command on the PATH, and a working folder."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.app.company import PLACES, Company, found, target
from tests.unit.app.test_collector_registry import install

ROOT = Path(__file__).parents[2]
INTEGRATIONS = ROOT / "integrations"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a script gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a runner: `auditor` on the PATH, with the collector in memory."""
    site, programs, temp = (tmp_path / name for name in ("site", "bin", "temp"))
    for folder in (programs, temp):
        folder.mkdir()
    install(site, **PLACES)
    command = programs / "auditor"
    command.write_text(f"#!{sys.executable}\nfrom auditor.__main__ import main\nmain()\n", "utf-8")
    command.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AUDITOR_", "GITHUB"))}
    return {
        **kept,
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{site}:{ROOT}",
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


@pytest.fixture
def work(tmp_path: Path) -> Company:
    """A working folder with a failing thing `a`."""
    return found(tmp_path / "work", target(bad=["a"]))


Run = Callable[..., Ran]


@pytest.fixture
def run(work: Company, machine: Mapping[str, str]) -> Run:
    """Run a command in the working folder."""

    def call(*command: str, **environ: str) -> Ran:
        done = subprocess.run(
            command,
            cwd=work.folder,
            env={**machine, **environ},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Ran(done.returncode, done.stdout, f"{shlex.join(command)}\n{done.stderr}")

    return call
