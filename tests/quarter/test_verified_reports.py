"""A period report is verified by making it again from log and store; an edited one is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from auditor.app.export.period import parse_period
from auditor.app.log import open_log
from auditor.app.period.make import MadeReport
from auditor.app.period.outputs import period_of_project, write_period
from auditor.app.reports.requests import OutputRequest
from auditor.app.subject import Subject, find_subject
from auditor.app.verifying import verify
from auditor.attest.result import StepResult, StepVerdict
from auditor.core.canonical import digest
from auditor.errors import ExitCode, UsageError
from auditor.ledger.entries import Report
from auditor.render.period.json_v1 import PeriodJsonRenderer
from tests.quarter.conftest import copied
from tests.quarter.estate import day, moment
from tests.quarter.simulation import Quarter

NOW = moment(day(10, 2))
LAST_RUN = "20260930"
"""The report is noted with it; verifying the others again would take long."""


@pytest.fixture
def own(quarter: Quarter, tmp_path: Path) -> Quarter:
    return copied(quarter, tmp_path / "work")


def written(own: Quarter, path: Path, period: str = "2026-Q3") -> Path:
    made = period_of_project(own.project(), period)
    write_period(own.project(), made, [OutputRequest("json", path)])
    return path


def last_step(own: Quarter, path: Path, run: str | None = LAST_RUN) -> StepResult:
    subject = find_subject(path, own.folder)
    report = verify(Subject(subject.store, None, subject.trust, path), trust=None, run=run, now=NOW)
    return report.steps[8]


def test_equal_logs_give_equal_bytes(quarter: Quarter, made: MadeReport) -> None:
    again = period_of_project(Quarter(quarter.folder).project(), "2026-Q3")
    render = PeriodJsonRenderer().render
    assert render(again.report) == render(made.report)


def test_a_report_is_what_log_and_store_give(own: Quarter, tmp_path: Path) -> None:
    step = last_step(own, written(own, tmp_path / "q3.json"), None)
    assert step.verdict is StepVerdict.OK, step
    assert "q3.json is what log and store give" in step.detail


def test_of_one_run_alone_a_report_of_many_cannot_be_told(own: Quarter, tmp_path: Path) -> None:
    """The others may have been forged: their steps were not taken."""
    step = last_step(own, written(own, tmp_path / "q3.json"), LAST_RUN)
    assert step.verdict is StepVerdict.CANNOT_TELL
    assert "give no --run" in step.notes[0].detail


def test_it_stays_so_when_the_log_grows(own: Quarter, tmp_path: Path) -> None:
    path = written(own, tmp_path / "q3.json")
    own.scan(day(10, 2))
    assert last_step(own, path, None).verdict is StepVerdict.OK


def test_an_edited_report_is_refused(own: Quarter, tmp_path: Path) -> None:
    path = written(own, tmp_path / "q3.json")
    path.write_bytes(path.read_bytes().replace(b'"late": true', b'"late": false', 1))
    report = verify(find_subject(path, own.folder), trust=None, run=LAST_RUN, now=NOW)
    assert report.exit_code is ExitCode.INTEGRITY
    assert "no report with these bytes" in report.steps[8].detail


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        (b'"late": true', b'"late": false', "findings"),
        (b'"deviating": 12', b'"deviating": 2', "controls"),
        (b'"effect": "loosens"', b'"effect": "neutral"', "changes"),
        (b'"state": "aborted"', b'"state": "complete"', "runs"),
    ],
)
def test_one_that_was_edited_and_logged_is_refused(
    own: Quarter, tmp_path: Path, before: bytes, after: bytes, part: str
) -> None:
    """An insider holds the log's key, and notes the digest of a report that he improved."""
    path = written(own, tmp_path / "q3.json")
    edited = path.read_bytes().replace(before, after, 1)
    assert edited != path.read_bytes()
    path.write_bytes(edited)
    project = own.project()
    run = next(line.id for line in project.store.runs() if line.id.startswith(LAST_RUN))
    with open_log(project, lambda: datetime.now(UTC)) as log:
        log.append(Report(run=run, format="period-json", digest=digest(edited)))
        log.commit()
    step = last_step(own, path)
    assert step.verdict is StepVerdict.BAD
    assert f"it does not say what the log and the store say: {part}" in step.detail


def test_a_report_that_is_no_document_is_refused(own: Quarter, tmp_path: Path) -> None:
    path = tmp_path / "q3.json"
    path.write_bytes(b'{"schema": "period-1"}')
    project = own.project()
    run = next(line.id for line in project.store.runs() if line.id.startswith(LAST_RUN))
    with open_log(project, lambda: datetime.now(UTC)) as log:
        log.append(Report(run=run, format="period-json", digest=digest(path.read_bytes())))
        log.commit()
    step = last_step(own, path)
    assert step.verdict is StepVerdict.BAD
    assert "not a document of schema period-1" in step.detail


def test_an_erased_run_cannot_be_left_out(own: Quarter, tmp_path: Path) -> None:
    path = written(own, tmp_path / "q3.json")
    store = own.project().store
    history = store.history(store.runs()[40].id)
    assert history is not None
    assert history.verdicts is not None
    (own.folder / "evidence" / history.verdicts.blob.path).unlink()
    with pytest.raises(Exception, match="blobs/"):
        period_of_project(own.project(), "2026-Q3")
    report = verify(find_subject(path, own.folder), trust=None, run=None, now=NOW)
    assert report.steps[8].verdict in (StepVerdict.BAD, StepVerdict.CANNOT_TELL)


def test_a_bundle_with_all_runs_shows_the_same(own: Quarter, tmp_path: Path) -> None:
    path = written(own, tmp_path / "q3.json")
    project = own.project()
    runs = tuple(line.id for line in project.store.runs())
    bundle = tmp_path / "all.zip"
    extras = Extras(reports=(path,), trust=project.trust_folder)
    export(project.store, Wish(runs=runs), extras, project.run_key(), bundle)
    report = verify(find_subject(bundle), trust=project.trust_folder, run=None, now=NOW)
    assert report.steps[8].verdict is StepVerdict.OK, report.steps[8]


def test_a_bundle_of_the_period_shows_the_same(own: Quarter, tmp_path: Path) -> None:
    """It has of the runs before what tells when a finding began; the log after it is not there."""
    path = written(own, tmp_path / "q3.json")
    project = own.project()
    bundle = tmp_path / "q3.zip"
    wish = Wish(period=parse_period("2026-Q3"))
    extras = Extras(reports=(path,), trust=project.trust_folder)
    done = export(project.store, wish, extras, project.run_key(), bundle)
    assert (done.before, done.no_report) == (3, "")
    report = verify(find_subject(bundle), trust=project.trust_folder, run=None, now=NOW)
    assert report.steps[8].verdict is StepVerdict.OK, report.steps[8]


def test_other_periods_see_other_runs(quarter: Quarter) -> None:
    august = period_of_project(quarter.project(), "2026-08").report
    assert august.facts["runs"] == 29
    assert august.baseline is not None
    assert august.baseline.now == moment(day(7, 31))
    empty = period_of_project(quarter.project(), "2026-Q2").report
    assert empty.facts["runs"] == 3
    assert empty.baseline is None


def test_a_period_without_a_run_says_so(quarter: Quarter) -> None:
    report = period_of_project(quarter.project(), "2026-07-01T12:00:00Z/2026-07-02").report
    assert report.facts["runs"] == 0
    assert {control.state.value for control in report.controls} == {"not_tested"}
    assert report.facts["controls"] == 7


def test_one_framework_keeps_its_controls_and_all_changes(quarter: Quarter) -> None:
    report = period_of_project(quarter.project(), "2026-Q3", ["iso27001"]).report
    assert [control.id for control in report.controls] == ["accounts-mfa", "disks-encrypted"]
    assert {place.framework for place in report.requirements} == {"iso27001"}
    assert "keys-rotated.max_days" in {change.subject for change in report.changes}


def test_changes_are_counted_from_the_run_that_was_asked_for(quarter: Quarter) -> None:
    runs = {line.now: line.id for line in quarter.project().store.runs()}
    first = runs[moment(day(6, 28))]
    report = period_of_project(quarter.project(), "2026-Q3", (), first).report
    assert report.baseline is not None
    assert (report.baseline.run, report.baseline.chosen) == (first, "asked")
    inside = runs[moment(day(7, 28))]
    with pytest.raises(UsageError, match="is no complete run before 2026-07-01"):
        period_of_project(quarter.project(), "2026-Q3", (), inside)


def test_a_quarter_that_is_not_over_is_told(own: Quarter) -> None:
    report = period_of_project(own.project(), "2026-Q4").report
    assert [problem.kind for problem in report.problems] == ["period_not_over"]
    gap = report.controls[0].gaps[-1]
    assert gap.until - gap.since > timedelta(days=90)
