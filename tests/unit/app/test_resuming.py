"""Interrupted runs go on where they stopped, once, and only while that makes sense."""

from __future__ import annotations

from datetime import timedelta

import pytest

from auditor.app.engine import make_engine
from auditor.app.project import Project
from auditor.app.registry import Collectors
from auditor.app.resuming import MAX_AGE, find_interrupted, one_process
from auditor.app.scan import Scan, ScanOptions
from auditor.app.verifying import find_subject, verify
from auditor.catalog.config import load_config
from auditor.core.model.assessment import Assessment
from auditor.errors import ExitCode, UsageError, VerificationError
from auditor.ledger.entries import Collect, Entry, entry_digest
from auditor.ledger.journal import encode_frame
from tests.unit.app.company import BEGIN, PLACES, Company, target, ticking
from tests.unit.app.conftest import MakeCompany


@pytest.fixture
def interrupted(make_company: MakeCompany) -> Company:
    """A run that was interrupted after the first of its two types."""
    company = make_company(target(mode="interrupted"))
    with pytest.raises(KeyboardInterrupt):
        company.scan()
    return company


def entry_types(company: Company) -> list[str]:
    return [entry.body.type for entry in company.project().store.entries()]


def run_of(company: Company) -> str:
    return company.project().store.runs()[0].id


def resume(company: Company, delay: timedelta = timedelta(minutes=5)) -> Assessment:
    project = company.project()
    scan = Scan(project, ticking(BEGIN + delay), ScanOptions())
    return scan.resume(find_interrupted(project, run_of(company), BEGIN + delay))


def test_what_was_read_is_not_read_again(interrupted: Company) -> None:
    with pytest.raises(KeyboardInterrupt):  # the collector is interrupted after each type
        resume(interrupted)
    assessment = resume(interrupted, timedelta(minutes=9))
    assert entry_types(interrupted) == [
        "key", "run.start", "collect", "collect", "verdicts", "run.end",
    ]  # fmt: skip
    assert assessment.now == BEGIN
    assert {reading.resource_type for reading in assessment.readings} == {
        "fake.other",
        "fake.thing",
    }
    subject = find_subject(interrupted.folder, None)
    report = verify(subject, trust=None, run=None, now=BEGIN + timedelta(minutes=9))
    assert report.exit_code is ExitCode.OK


def test_a_run_that_ended_or_does_not_exist_cannot_be_resumed(company: Company) -> None:
    run = company.scan().run
    with pytest.raises(UsageError, match="is ended"):
        find_interrupted(company.project(), run, BEGIN)
    with pytest.raises(UsageError, match="no run"):
        find_interrupted(company.project(), "nothing", BEGIN)


def test_a_run_of_yesterday_is_not_resumed(interrupted: Company) -> None:
    with pytest.raises(UsageError, match="more than 24 hours ago"):
        resume(interrupted, MAX_AGE + timedelta(minutes=1))


def test_two_processes_do_not_go_on_with_one_run(interrupted: Company) -> None:
    with (
        one_process(run_of(interrupted)),
        pytest.raises(UsageError, match="another process is at run"),
    ):
        resume(interrupted)


def test_another_engine_does_not_go_on_with_a_run(interrupted: Company) -> None:
    project = Project(load_config(interrupted.config), make_engine("cel-cpp"), Collectors(PLACES))
    with pytest.raises(UsageError, match="begun with the engine cel"):
        find_interrupted(project, run_of(interrupted), BEGIN)


def test_damaged_evidence_is_not_built_upon(interrupted: Company) -> None:
    blobs = interrupted.folder / "evidence" / "blobs"
    for path in sorted(p for p in blobs.rglob("*") if p.is_file()):
        path.write_bytes(b"x")
    with pytest.raises(Exception, match="stored"):
        resume(interrupted)


def test_what_was_read_is_signed_when_the_run_is_interrupted(interrupted: Company) -> None:
    """Whoever can write the store and has no key must not be able to tell what was read."""
    journal = interrupted.folder / "evidence" / "log" / "journal"
    assert journal.read_bytes() == b""
    assert entry_types(interrupted) == ["key", "run.start", "collect"]


def test_a_run_is_not_resumed_on_what_nobody_has_signed(interrupted: Company) -> None:
    store = interrupted.project().store
    *_others, last = store.entries()
    assert isinstance(last.body, Collect)
    body = last.body.model_copy(update={"resource_type": "fake.other"})
    forged = Entry(last.index + 1, entry_digest(last.to_bytes()), last.time, body)
    journal = interrupted.folder / "evidence" / "log" / "journal"
    journal.write_bytes(encode_frame(forged.to_bytes()))
    with pytest.raises(VerificationError, match="no key of this log has sealed"):
        resume(interrupted)


def test_a_process_that_was_overtaken_leaves_the_run_to_the_other(interrupted: Company) -> None:
    """Two machines resume one run: the log must not tell of it twice."""
    first, second = interrupted.project(), interrupted.project()
    run, when = run_of(interrupted), BEGIN + timedelta(minutes=5)
    stale = find_interrupted(first, run, when)
    with pytest.raises(KeyboardInterrupt):  # the collector is interrupted after each type
        Scan(second, ticking(when), ScanOptions()).resume(find_interrupted(second, run, when))
    late = ticking(BEGIN + timedelta(minutes=6))
    with pytest.raises((UsageError, KeyboardInterrupt)):
        Scan(first, late, ScanOptions()).resume(stale)
    Scan(second, late, ScanOptions()).resume(find_interrupted(second, run, when))
    with pytest.raises(UsageError, match="another process has gone on"):
        Scan(first, late, ScanOptions())._log_collects([])
    history = interrupted.project().store.history(run)
    assert history is not None
    assert (history.state, history.problems, len(history.collects)) == ("ended", [], 2)
