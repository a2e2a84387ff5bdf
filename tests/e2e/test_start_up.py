"""What a command does not use, it does not import: help and version must cost nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

SDKS = frozenset({"boto3", "botocore", "kubernetes", "moto", "weasyprint"})
HEAVY = SDKS | {
    "cel_expr_python",
    "cryptography",
    "google",
    "jinja2",
    "orjson",
    "pydantic",
    "rich",
    "securesystemslib",
    "yaml",
}


def imported(folder: Path, *arguments: str) -> set[str]:
    """Top-level packages that the command imports, by the interpreter's own account."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "auditor", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names = re.findall(r"^import time:.*\|\s*([\w.]+)$", done.stderr, re.MULTILINE)
    assert "click" in names  # the list was read as it is meant
    return {name.partition(".")[0] for name in names}


def test_the_version_imports_no_library_but_click(tmp_path: Path) -> None:
    assert imported(tmp_path, "--version") & HEAVY == set()


def test_help_imports_no_command(tmp_path: Path) -> None:
    assert imported(tmp_path, "--help") & HEAVY == set()


@pytest.mark.parametrize("command", ["verify", "scan", "report", "controls", "waivers", "ledger"])
def test_the_help_of_a_command_imports_no_cloud_and_no_renderer(
    tmp_path: Path, command: str
) -> None:
    assert imported(tmp_path, command, "--help") & (SDKS | {"jinja2", "rich"}) == set()
