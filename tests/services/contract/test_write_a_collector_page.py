"""The collector on the page "How to write a collector" keeps the contract, as another package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.service

_ROOT = Path(__file__).parents[3]
_PAGE = _ROOT / "docs/how-to/write-a-collector.md"
_FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SUITE = "tests/services/contract/test_collector_contract.py"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The files of the page, installed as far as Python sees it."""
    files = dict(_FILE.findall(_PAGE.read_text("utf-8")))
    assert len(files) == 7
    for name, text in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    info = tmp_path / "auditor_doors-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n"
    )
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return tmp_path


def _run(package: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _suite(package: Path, choice: str = "door-server or registry") -> tuple[int, str]:
    done = _run(package, "pytest", "-q", "-p", "no:cacheprovider", _SUITE, "-k", choice)
    return done.returncode, done.stdout + done.stderr


def test_it_can_be_built_as_it_stands(package: Path) -> None:
    (package / "auditor_doors-1.0.dist-info").rename(package / "found-by-python")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "dist"],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (package / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {"doors/__init__.py", "doors/session.py", "doors/types.yaml", "doors_world.py"}


def test_it_keeps_the_contract(package: Path) -> None:
    code, said = _suite(package)
    assert code == 0, said
    assert "23 passed" in said, said


def test_without_a_world_the_suite_fails(package: Path) -> None:
    entries = package / "auditor_doors-1.0.dist-info/entry_points.txt"
    entries.write_text(entries.read_text().partition("[auditor.contract]")[0])
    code, said = _suite(package, "registry")
    assert code == 1, said
    assert "test_every_kind_of_target_of_the_registry_has_a_world" in said


@pytest.mark.parametrize(
    ("file", "right", "wrong", "found_by"),
    [
        ("__init__", "RIGHT not in me.get", "False and me.get", "trouble_is_a_gap"),
        ("__init__", 'row.get("guard")}', 'row.get("guard"), "name": row["pin"]}', "secrets"),
        ("__init__", 'row.get("guard")}', 'row.get("guard"), "pin": row["pin"]}', "declared_json"),
        ("session", 'page.get("next")', "None", "small_pages"),
        ("session", "self.context.budget.take()", "pass", "a_budget_of_one"),
        ("session", "TIMEOUT if late else", "UNREACHABLE if late else", "trouble_is_a_gap"),
        ("__init__", "format_instant(at)", "str(at)[:19]", "declared_json"),
        ("__init__", "session.context.clock()", "datetime.now(UTC)", "provenance"),
    ],
)
def test_a_collector_that_breaks_the_contract_is_found(
    package: Path, file: str, right: str, wrong: str, found_by: str
) -> None:
    place = package / f"doors/{file}.py"
    text = place.read_text("utf-8")
    assert right in text
    place.write_text(text.replace(right, wrong), "utf-8")
    code, said = _suite(package, f"door-server and {found_by}")
    assert code == 1, said
    assert f"{found_by}" in said.partition("short test summary")[2], said


def test_its_control_is_well_formed_and_its_cases_hold(package: Path) -> None:
    folder = str(package / "controls")
    for command in (["lint"], ["test", "door-locks"]):
        done = _run(package, "auditor", "controls", *command, "--controls", folder)
        assert done.returncode == 0, done.stdout + done.stderr
