"""Bundles that an insider chose so that a run is not among them: the run is found all the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from auditor.app.export.choice import Wish
from auditor.app.export.period import Period
from auditor.app.scan import Scan, ScanOptions
from auditor.app.selection import Selection
from auditor.attest.package import Manifest
from tests.unit.app.bundles import check, make, on_day, pack, sealed, unpacked
from tests.unit.app.company import BEGIN, CONTROL, Company, found, target, ticking

APRIL = Period(BEGIN + timedelta(days=1), BEGIN + timedelta(days=30))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = found(tmp_path / "work", target())
    on_day(made, 0)
    on_day(made, 3)
    return made


def test_a_run_that_gives_itself_another_date_does_not_leave_its_period_unseen(
    company: Company, tmp_path: Path
) -> None:
    scan = Scan(company.project(), ticking(BEGIN + timedelta(days=5)), ScanOptions(workers=2))
    scan.now -= timedelta(days=365)
    scan.execute(Selection())
    on_day(company, 7)
    on_day(company, 35)
    path = tmp_path / "april.zip"
    make(company, Wish(period=APRIL), path)
    assert scan.run not in Manifest.parse(unpacked(path)["manifest.json"]).runs
    step = check(company, path).steps[4]
    assert [(note.verdict.name, note.where) for note in step.notes] == [("BAD", f"run {scan.run}")]


def test_a_run_of_the_control_that_was_cut_off_is_missed(company: Company, tmp_path: Path) -> None:
    scan = Scan(company.project(), ticking(BEGIN + timedelta(days=5)), ScanOptions(workers=2))

    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    scan._finish = interrupt  # type: ignore[assignment, method-assign]
    with pytest.raises(KeyboardInterrupt):
        scan.execute(Selection())
    on_day(company, 7)
    path = tmp_path / "control.zip"
    make(company, Wish(control=CONTROL), path)
    members = unpacked(path)
    runs = Manifest.parse(members["manifest.json"]).runs
    assert scan.run in runs
    kept = [run for run in runs if run != scan.run]
    key = company.project().run_key()
    path = pack(sealed(members, key, runs=kept), tmp_path / "hidden.zip")
    said = [note.detail for note in check(company, path).steps[6].notes]
    assert f"run {scan.run} judged {CONTROL} and is not in the bundle" in said
