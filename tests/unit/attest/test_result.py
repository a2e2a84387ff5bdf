"""Verdicts of steps, and what they add up to."""

from __future__ import annotations

import pytest

from auditor.attest.result import (
    MAX_NOTES,
    Notes,
    StepResult,
    StepVerdict,
    VerificationReport,
    worst,
)

OK, WARNING, CANNOT_TELL, BAD = StepVerdict


@pytest.mark.parametrize(
    ("verdicts", "expected", "code"),
    [
        ([], OK, 0),
        ([OK, OK], OK, 0),
        ([OK, WARNING], WARNING, 0),
        ([WARNING, CANNOT_TELL, OK], CANNOT_TELL, 3),
        ([BAD, CANNOT_TELL, OK], BAD, 5),
    ],
)
def test_the_worst_step_decides(
    verdicts: list[StepVerdict], expected: StepVerdict, code: int
) -> None:
    assert worst(verdicts) is expected
    report = VerificationReport(
        tuple(StepResult(number, "", verdict, "") for number, verdict in enumerate(verdicts))
    )
    assert (report.verdict, report.exit_code) == (expected, code)
    assert report.to_json()["exit_code"] == code


def test_the_first_of_the_worst_notes_speaks_for_the_step() -> None:
    notes = Notes()
    notes.warn("w")
    notes.bad("b1", "file")
    notes.bad("b2", "other")
    notes.cannot_tell("c")
    result = notes.result(3, "title", "fine")
    assert (result.verdict, result.detail, result.where) == (BAD, "b1", "file")
    assert [note.detail for note in result.notes] == ["w", "b1", "b2", "c"]
    assert Notes().result(3, "title", "fine").detail == "fine"
    assert result.to_json()["verdict"] == "bad"


def test_notes_left_out_are_counted_and_the_one_that_decides_is_kept() -> None:
    notes = Notes()
    for number in range(MAX_NOTES + 5):
        notes.warn(str(number))
    notes.bad("decides", "file")
    notes.bad("after", "file")
    result = notes.result(1, "title", "")
    assert (len(result.notes), result.left_out) == (MAX_NOTES, 7)
    assert (result.verdict, result.detail) == (BAD, "decides")
