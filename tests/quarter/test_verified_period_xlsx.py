"""A period's workbook carries what it was made from, and is verified by making it again."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from auditor.app.period.outputs import period_of_project, write_period
from auditor.app.reports.requests import OutputRequest
from auditor.app.subject import Subject, find_subject
from auditor.app.verifying import verify
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.errors import ExitCode
from auditor.render.xlsx.carried import document_of
from tests.quarter.conftest import copied
from tests.quarter.simulation import Quarter

LAST_RUN = "20260930"


@pytest.fixture(scope="module")
def own(quarter: Quarter, tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    return copied(quarter, tmp_path_factory.mktemp("xlsx") / "work")


@pytest.fixture(scope="module")
def workbook(own: Quarter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reports") / "q3.xlsx"
    made = period_of_project(own.project(), "2026-Q3")
    write_period(own.project(), made, [OutputRequest("xlsx", path)])
    return path


def verified(own: Quarter, path: Path, run: str | None = LAST_RUN) -> VerificationReport:
    subject = find_subject(path, own.folder)
    return verify(
        Subject(own.project().store, None, subject.trust, path),
        trust=None,
        run=run,
        now=datetime.now(UTC),
    )


def edited(data: bytes, name: str, before: bytes, after: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(made, "w") as out:
        for part in parts.infolist():
            found = parts.read(part)
            if part.filename == name:
                assert before in found
                found = found.replace(before, after)
            out.writestr(part, found)
    return made.getvalue()


def test_it_is_what_log_and_store_give(own: Quarter, workbook: Path) -> None:
    step = verified(own, workbook, None).steps[8]
    assert step.verdict in {StepVerdict.OK, StepVerdict.WARNING}, step


def test_it_opens_as_ever_and_shows_no_part_of_the_document(workbook: Path) -> None:
    opened = openpyxl.load_workbook(workbook)
    assert opened.sheetnames[0] == "cover"
    assert all(sheet.sheet_state == "visible" for sheet in opened)


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("xl/sharedStrings.xml", b"deviations", b"no findings"),
        ("period.json", b'"deviations"', b'"no_deviations"'),
    ],
)
def test_an_edited_one_is_refused(
    own: Quarter, workbook: Path, tmp_path: Path, part: str, before: bytes, after: bytes
) -> None:
    path = tmp_path / "edited.xlsx"
    path.write_bytes(edited(workbook.read_bytes(), part, before, after))
    report = verified(own, path)
    assert report.exit_code is ExitCode.INTEGRITY
    assert report.steps[8].verdict is StepVerdict.BAD


def test_a_file_without_the_document_says_so() -> None:
    assert document_of(b"no zip", "period.json") is None
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert document_of(empty.getvalue(), "period.json") is None
