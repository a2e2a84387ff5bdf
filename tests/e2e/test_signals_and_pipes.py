"""Ctrl-C, readers that leave, and disks that are full, as the shell sees them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.program import auditor, working_folder, write_control
from tests.unit.app.company import PLACES, found, target
from tests.unit.app.test_collector_registry import install

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


def environment(site: Path) -> dict[str, str]:
    """In which the collector in memory is an installed package."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AUDITOR_"))}
    return kept | {"PYTHONPATH": f"{ROOT}{os.pathsep}{site}"}


def test_ctrl_c_in_mid_collection_is_130_and_leaves_a_run_to_resume(tmp_path: Path) -> None:
    install(tmp_path / "site", **PLACES)
    env = environment(tmp_path / "site")
    folder = found(tmp_path / "work", target(mode="waits")).folder
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", "scan"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any(line == "waiting\n" for line in process.stderr)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    listed = auditor(folder, "run", "list", env=env)
    assert "interrupted" in listed.out
    assert "auditor scan --resume 20" in err
    assert auditor(folder, "verify", env=env).code == 0


def test_a_reader_that_leaves_early_ends_the_command_without_a_trace(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "auditor", "controls", "coverage"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert process.returncode == 130
    assert process.stderr == ""


def test_a_full_disk_is_said_in_a_sentence_and_leaves_the_store_whole(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"])
    write_control(folder / "library")
    assert auditor(folder, "scan").code == 0
    command = 'trap "" XFSZ; ulimit -f 0; exec "$0" -m auditor scan'
    full = subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=folder,
        # The measurement of coverage writes files too.
        env={k: v for k, v in os.environ.items() if not k.startswith("COV")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert full.returncode == 2
    assert "refuses: File too large" in full.stderr
    assert "free space" in full.stderr
    assert "Traceback" not in full.stderr
    assert auditor(folder, "verify").code == 0
    assert auditor(folder, "scan").code == 0


@pytest.mark.parametrize("content", ["", "\udcff", "organisation: [", "organisation: 7"])
def test_a_configuration_that_cannot_be_read_names_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "auditor.yaml").write_bytes(content.encode("utf-8", "surrogateescape"))
    done = auditor(tmp_path, "scan")
    assert done.code == 2
    assert "auditor.yaml" in done.err
    assert "Traceback" not in done.err


def test_a_defect_of_ours_is_70_with_its_trace(tmp_path: Path) -> None:
    # A distribution whose collector does not exist: nothing that this program could foresee.
    install(tmp_path / "site", ghost="no_such_module_anywhere:Ghost")
    done = auditor(tmp_path, "controls", "lint", env=environment(tmp_path / "site"))
    assert done.code == 70
    assert "please report it with the trace below" in done.err
    assert "Traceback" in done.err
