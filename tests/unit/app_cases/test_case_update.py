"""Rewriting expectations: in place, asked for, and never laxer in silence."""

from __future__ import annotations

from pathlib import Path

from auditor.app.cases.update import Update
from tests.unit.app_cases.small import CASES, CONTROL, loaded, runner
from tests.unit.lint.library import changed


def update(
    folder: Path, cases: str, control: str = CONTROL, *, accept: bool = False
) -> tuple[Update, str]:
    control_folder = loaded(folder, control, cases)
    done = runner().update(control_folder, accept_loosening=accept)
    return done, (control_folder.folder / "tests" / "cases.yaml").read_text("utf-8")


def test_cases_that_agree_are_left_byte_for_byte(tmp_path: Path) -> None:
    done, text = update(tmp_path, CASES)
    assert (done.changed, done.refused, done.by_hand) == ((), (), ())
    assert text == CASES


def test_a_stricter_verdict_is_written_in_place_with_comments_and_quotes(tmp_path: Path) -> None:
    stale = changed(
        {"control: fail   # it is open": "control: pass   # it is open", "'fail'": "'pass'"}, CASES
    )
    done, text = update(tmp_path, stale)
    assert text == CASES
    assert [str(change) for change in done.changed] == [
        "an open one: thing/a: pass -> fail",
        "an open one: control: pass -> fail",
    ]
    assert not any(change.loosens for change in done.changed)


def test_a_laxer_verdict_is_refused(tmp_path: Path) -> None:
    lax = changed({"resource.size <= 1": "resource.size <= 5"}, CONTROL)
    done, text = update(tmp_path, CASES, lax)
    assert text == CASES
    assert [str(change) for change in done.refused] == [
        "an open one: thing/a: fail -> pass",
        "an open one: control: fail -> pass",
    ]
    assert done.changed == ()


def test_a_laxer_verdict_is_written_when_it_is_accepted(tmp_path: Path) -> None:
    lax = changed({"resource.size <= 1": "resource.size <= 5"}, CONTROL)
    done, text = update(tmp_path, CASES, lax, accept=True)
    assert "control: pass   # it is open" in text
    assert "thing/a: 'pass'" in text
    assert all(change.loosens for change in done.changed)


def test_an_expected_finding_that_is_not_there_is_left_to_people(tmp_path: Path) -> None:
    cases = changed({"thing/a: 'fail'": "thing/b: 'fail'"}, CASES)
    done, text = update(tmp_path, cases)
    assert text == cases
    assert [str(change) for change in done.by_hand] == [
        "an open one: thing/b: fail -> no such finding"
    ]


def test_flaws_made_by_each_have_no_word_to_replace(tmp_path: Path) -> None:
    cases = (
        CASES
        + """\
- name: one flaw at a time
  extends: everything as it should be
  each: {thing: [{size: 0}]}
"""
    )
    done, text = update(tmp_path, cases)
    assert text == cases
    assert done.changed == ()
