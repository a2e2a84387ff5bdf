"""What a run left, as a period report reads it: what was asked for and never read is told."""

from __future__ import annotations

from datetime import timedelta

from auditor.app.period.contents import Contents
from auditor.app.period.log_view import read_log
from auditor.app.period.run_lines import run_lines
from auditor.core.model.period_report import Bounds
from tests.unit.app.company import BEGIN, Company

BOUNDS = Bounds("this", BEGIN - timedelta(days=1), BEGIN + timedelta(days=1))


def problems(company: Company, *, left: int) -> list[str]:
    """Of the only run, with so many of its readings left in the log."""
    store = company.project().store
    signed = store.checkpoint()
    assert signed is not None
    contents = Contents(store, read_log(store, signed.checkpoint.size, BOUNDS).histories)
    (line,) = run_lines(dict(contents.histories), BOUNDS, contents)
    del contents.histories[line.run].collects[left:]
    return list(contents.load(line).problems)


def test_a_run_that_left_out_a_reading_or_all_of_them_is_told(company: Company) -> None:
    company.scan()
    assert problems(company, left=2) == []
    missing = [
        "has no reading of fake.other of one, which its scope asks for",
        "has no reading of fake.thing of one, which its scope asks for",
    ]
    assert problems(company, left=0) == missing
    (only,) = problems(company, left=1)
    assert only in missing
