"""`auditor hold`, `auditor ledger prune` and `auditor ledger copy`."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.errors import ExitCode
from tests.unit.app.company import Company
from tests.unit.cli.conftest import Auditor


@pytest.fixture
def scanned(here: Company, auditor: Auditor) -> Company:
    """One run without retention, whose files are two days old."""
    here.configure(retention={"default": "0d"})
    assert auditor("scan").code == 1
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for path in (here.folder / "evidence").rglob("*"):
        os.utime(path, (old, old))
    return here


def test_a_hold_is_set_listed_and_cleared(scanned: Company, auditor: Auditor) -> None:
    assert scanned.folder.exists()
    said = auditor("hold", "set", "case-17", "--run", "latest", "--reason", "a letter\x1b[31m")
    assert (said.code, said.out) == (0, "hold case-17: 1 runs are held\n")
    listed = auditor("hold", "list").out
    assert "case-17" in listed
    assert "a letter" in listed
    assert "\x1b" not in listed
    assert auditor("ledger", "prune").out.startswith("0 runs are past")
    assert "is over: 1 runs" in auditor("hold", "clear", "case-17", "--reason", "settled").out
    assert auditor("hold", "list").out == ""


def test_a_hold_on_no_run_is_a_usage_error(scanned: Company, auditor: Auditor) -> None:
    assert scanned.folder.exists()
    said = auditor("hold", "set", "case", "--run", "nonsense", "--reason", "x")
    assert said.code == ExitCode.USAGE
    assert auditor("hold", "clear", "case", "--reason", "x").code == ExitCode.USAGE


def test_prune_says_what_it_would_do_and_does_it(scanned: Company, auditor: Auditor) -> None:
    blobs = scanned.folder / "evidence" / "blobs"
    before = len([path for path in blobs.rglob("*") if path.is_file()])
    dry = auditor("ledger", "prune", "--dry-run")
    assert "1 runs are past" in dry.out
    assert "would be deleted" in dry.out
    assert len([path for path in blobs.rglob("*") if path.is_file()]) == before
    done = auditor("ledger", "prune")
    assert "0 kept" in done.out
    assert len([path for path in blobs.rglob("*") if path.is_file()]) < before
    assert "2 blobs" in dry.out
    said = auditor("verify")
    assert "pruned after its retention" in said.out
    assert said.code == ExitCode.OK


@pytest.mark.parametrize("moment", ["yesterday", "2100-01-01T00:00:00Z"])
def test_prune_at_an_impossible_time_is_a_usage_error(
    scanned: Company, auditor: Auditor, moment: str
) -> None:
    assert scanned.folder.exists()
    assert auditor("ledger", "prune", "--now", moment).code == ExitCode.USAGE


def test_copy_says_which_line_to_change(scanned: Company, auditor: Auditor, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    said = auditor("ledger", "copy", str(target))
    assert said.code == 0
    assert f"    store: {target}\n" in said.out
    assert "the same log" in said.out
    scanned.configure(store=str(target))
    assert auditor("verify").code == 0
    assert auditor("ledger", "copy", str(target)).code == ExitCode.USAGE
    assert auditor("ledger", "copy", "gs://bucket/x").code == ExitCode.USAGE
