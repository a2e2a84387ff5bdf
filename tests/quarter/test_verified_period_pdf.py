"""A period's PDF is signed, and verified by making it again from log and store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.app.log import open_log
from auditor.app.period.outputs import period_of_project, write_period
from auditor.app.reports.requests import OutputRequest
from auditor.app.subject import Subject, find_subject
from auditor.app.verifying import verify
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.core.canonical import digest
from auditor.errors import ExitCode
from auditor.ledger.entries import Report
from tests.quarter.conftest import copied
from tests.quarter.simulation import Quarter

LAST_RUN = "20260930"


@pytest.fixture(scope="module")
def own(quarter: Quarter, tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    return copied(quarter, tmp_path_factory.mktemp("pdf") / "work")


@pytest.fixture(scope="module")
def pdf(own: Quarter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reports") / "q3.pdf"
    made = period_of_project(own.project(), "2026-Q3")
    write_period(own.project(), made, [OutputRequest("pdf", path)])
    return path


def verified(own: Quarter, path: Path, run: str | None = LAST_RUN) -> VerificationReport:
    subject = find_subject(path, own.folder)
    # The certificate of the run key was made today, whatever the simulated date.
    return verify(
        Subject(subject.store, None, subject.trust, path),
        trust=None,
        run=run,
        now=datetime.now(UTC),
    )


def test_it_is_signed_and_is_what_log_and_store_give(own: Quarter, pdf: Path) -> None:
    step = verified(own, pdf, None).steps[8]

    assert b"/ByteRange" in pdf.read_bytes()
    # Other bytes, or a signature that does not hold, would be worse than that.
    assert step.verdict is StepVerdict.WARNING, step
    assert [note.detail for note in step.notes] == [
        "no trusted authority says when the PDF was signed"
    ]


def test_edited_one_is_refused(own: Quarter, pdf: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited.pdf"
    data = bytearray(pdf.read_bytes())
    data[len(data) // 3] ^= 1
    edited.write_bytes(data)
    report = verified(own, edited)

    assert report.exit_code is ExitCode.INTEGRITY
    assert report.steps[8].verdict is StepVerdict.BAD


def test_one_with_something_behind_it_is_refused_though_the_log_knows_it(
    own: Quarter, pdf: Path, tmp_path: Path
) -> None:
    added = tmp_path / "added.pdf"
    added.write_bytes(pdf.read_bytes() + b"\n1 0 obj\n<< >>\nendobj\n")
    project = own.project()
    run = next(line.id for line in project.store.runs() if line.id.startswith(LAST_RUN))
    with open_log(project, lambda: datetime.now(UTC)) as log:
        log.append(Report(run=run, format="period-pdf", digest=digest(added.read_bytes())))
        log.commit()

    assert verified(own, added).steps[8].verdict is StepVerdict.BAD
