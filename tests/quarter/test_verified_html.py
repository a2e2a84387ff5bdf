"""The HTML page of the quarter: written, signed, noted, verified; an edited one is refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.app.log import open_log
from auditor.app.period.outputs import period_of_project, write_period
from auditor.app.reports.requests import OutputRequest
from auditor.app.subject import Subject, find_subject
from auditor.app.verifying import verify
from auditor.attest.page_signature import sign_page, split_page
from auditor.attest.result import StepResult, StepVerdict
from auditor.core.canonical import digest
from auditor.ledger.entries import Report
from tests.quarter.conftest import copied
from tests.quarter.estate import day, moment
from tests.quarter.simulation import Quarter

NOW = moment(day(10, 2))
LAST_RUN = "20260930"


@pytest.fixture
def own(quarter: Quarter, tmp_path: Path) -> Quarter:
    return copied(quarter, tmp_path / "work")


@pytest.fixture
def page(own: Quarter, tmp_path: Path) -> Path:
    made = period_of_project(own.project(), "2026-Q3")
    path = tmp_path / "q3.html"
    write_period(own.project(), made, [OutputRequest("html", path)])
    return path


def last_step(own: Quarter, path: Path, run: str | None = LAST_RUN) -> StepResult:
    subject = find_subject(path, own.folder)
    bare = Subject(subject.store, None, subject.trust, path)
    trust = own.project().trust_folder
    return verify(bare, trust=trust, run=run, now=NOW).steps[8]


def note(own: Quarter, data: bytes) -> None:
    """As an insider does who holds the log's key."""
    project = own.project()
    run = next(line.id for line in project.store.runs() if line.id.startswith(LAST_RUN))
    with open_log(project, lambda: datetime.now(UTC)) as log:
        log.append(Report(run=run, format="period-html", digest=digest(data)))
        log.commit()


def test_the_page_is_signed_with_the_run_key_and_holds(own: Quarter, page: Path) -> None:
    assert split_page(page.read_bytes()).key == own.project().run_key().public_key
    step = last_step(own, page, None)
    assert step.verdict is StepVerdict.OK, step
    assert "q3.html is what log and store give" in step.detail


def test_an_edited_page_is_refused(own: Quarter, page: Path) -> None:
    page.write_bytes(page.read_bytes().replace(b">open<", b">fixed<", 1))
    step = last_step(own, page)
    assert step.verdict is StepVerdict.BAD
    assert "no report with these bytes" in step.detail


def test_one_that_was_edited_and_noted_is_refused(own: Quarter, page: Path) -> None:
    page.write_bytes(page.read_bytes().replace(b">open<", b">fixed<", 1))
    note(own, page.read_bytes())
    step = last_step(own, page)
    assert step.verdict is StepVerdict.BAD
    assert "the page is not the one that was signed" in str(step)


def test_one_whose_document_was_edited_signed_and_noted_is_refused(
    own: Quarter, page: Path
) -> None:
    edited = split_page(page.read_bytes()).page.replace(b'"late": true', b'"late": false', 1)
    page.write_bytes(sign_page(edited, own.project().run_key()))
    note(own, page.read_bytes())
    step = last_step(own, page)
    assert step.verdict is StepVerdict.BAD
    assert "it does not say what the log and the store say: findings" in step.detail


def test_the_page_says_the_facts_of_the_quarter(page: Path) -> None:
    source = page.read_text("utf-8")
    document = json.loads(source.split('id="period.json">')[1].split("</script>")[0])

    for control in document["controls"]:
        article = source.split(f'id="control-{control["id"]}"')[1].split("</article>")[0]
        assert f"{control['runs_done']} of {control['runs_expected']} expected" in article
        assert len(re.findall("<strong>no evidence</strong>", article)) == len(control["gaps"])
    assert len(re.findall('<li class="finding"', source)) == len(document["findings"])
    assert source.count('class="badge e-loosens"') == sum(
        change["effect"] == "loosens" for change in document["changes"]
    )
    assert "the joiner was set up by hand" in source
