"""Every fault of tests/vectors/tamper is found, by the step that names it; the honest is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.attest.result import StepVerdict
from auditor.errors import ExitCode
from tests.vectors.tamper.case import BAD, Case, Fault
from tests.vectors.tamper.story import Honest
from tests.vectors.tamper.table import PAGE, faults, page

pytestmark = pytest.mark.service
FAULTS = faults()
WARNINGS = {
    "store": (
        "after the end of the run: until then only the log vouches",
        "pruned after its retention",
        "its evidence is past its retention and was deleted",
    ),
    "bundle.zip": ("of the log, these entries are not in the bundle",),
    "full.zip": ("of the log, these entries are not in the bundle",),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_the_honest_artefacts_are_ok(honest: Honest, tmp_path: Path, name: str) -> None:
    case = Case.copy(honest, tmp_path / "case")
    case.subject = None if name == "store" else case.folder / name
    report = case.verify()
    assert report.exit_code is ExitCode.OK, report.to_json()
    said = [note.detail for step in report.steps for note in step.notes]
    assert all(any(text in line for text in WARNINGS[name]) for line in said), said


def test_an_honest_report_is_ok_with_its_store_and_cannot_be_told_without(
    honest: Honest, tmp_path: Path
) -> None:
    case = Case.copy(honest, tmp_path / "case")
    for form in ("html", "json"):
        case.subject, case.store = case.report(form), case.evidence
        assert case.verify().exit_code is ExitCode.OK
    for form in ("html", "pdf"):
        case.subject, case.store, case.since = case.report(form), None, None
        report = case.verify()
        assert report.exit_code is ExitCode.INCOMPLETE
        done = [step for step in report.steps if "not in a report: give --store" not in step.detail]
        assert all(step.verdict is StepVerdict.OK for step in done), report.to_json()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_by_the_step_that_names_it(
    honest: Honest, tmp_path: Path, name: str
) -> None:
    fault: Fault = FAULTS[name]
    case = Case.copy(honest, tmp_path / "case")
    fault.apply(case)
    report = case.verify()
    expected = ExitCode.INTEGRITY if fault.verdict is BAD else ExitCode.INCOMPLETE
    assert report.exit_code is expected, report.to_json()
    step = report.steps[fault.step]
    assert step.verdict is fault.verdict, report.to_json()
    said = [f"{n.where}: {n.detail}" for n in step.notes if n.verdict is fault.verdict]
    assert any(fault.says in line for line in said), said


def test_there_are_enough_faults_of_every_artefact_and_step() -> None:
    assert len(FAULTS) >= 45
    assert {fault.artefact for fault in FAULTS.values()} == {"store", "bundle", "report"}
    assert {fault.step for fault in FAULTS.values()} == set(range(1, 9))


def test_the_page_of_threats_has_the_faults_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == page(), "python -m tests.vectors.tamper --write"
