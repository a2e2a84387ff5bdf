"""The order within a run: what is in order, what is a problem, what is only unfinished."""

from __future__ import annotations

import pytest

from auditor.ledger.entries import LogBody
from auditor.ledger.runs import RunBook
from tests.unit.ledger.test_entries import BODY_EXAMPLES, entry

START, COLLECT, VERDICTS, END, ABORT, REPORT, WAIVER = BODY_EXAMPLES[:7]


def book_of(*bodies: LogBody) -> RunBook:
    book = RunBook()
    for index, body in enumerate(bodies):
        book.add(entry(body, index))
    return book


def test_a_whole_run_has_no_problems() -> None:
    bodies = (WAIVER, START, COLLECT, COLLECT, VERDICTS, WAIVER, END, REPORT)
    run = book_of(*bodies).runs["r1"]
    assert run.problems == []
    assert run.state == "ended"
    assert (run.start, run.start_index, run.last_index) == (START, 1, 7)
    assert run.collects == [COLLECT, COLLECT]
    assert (run.verdicts, run.end, run.reports) == (VERDICTS, END, [REPORT])
    assert run.end_entry is not None
    assert run.end_entry.index == 6


@pytest.mark.parametrize(
    ("bodies", "state"),
    [
        ((START,), "open"),
        ((START, COLLECT), "open"),
        ((START, COLLECT, VERDICTS), "open"),
        ((START, COLLECT, ABORT), "aborted"),
        ((START, ABORT), "aborted"),
    ],
)
def test_an_unfinished_run_is_no_problem_but_a_fact(
    bodies: tuple[LogBody, ...], state: str
) -> None:
    run = book_of(*bodies).runs["r1"]
    assert (run.state, run.problems) == (state, [])


@pytest.mark.parametrize(
    ("bodies", "problem"),
    [
        ((COLLECT,), "entry 0: the run has not started"),
        ((VERDICTS,), "entry 0: the run has not started"),
        ((END,), "entry 0: the run has not started"),
        ((ABORT,), "entry 0: the run has not started"),
        ((REPORT,), "entry 0: a report of a run that has not ended"),
        ((START, START), "entry 1: the run starts a second time"),
        ((COLLECT, START), "entry 1: the run starts a second time or after another"),
        ((START, VERDICTS, COLLECT, END), "entry 2: collected after the verdicts"),
        ((START, VERDICTS, VERDICTS, END), "entry 2: judged a second time"),
        ((START, END), "entry 1: ended without verdicts"),
        ((START, VERDICTS, END, END), "entry 3: the run is over"),
        ((START, VERDICTS, END, ABORT), "entry 3: the run is over"),
        ((START, ABORT, VERDICTS), "entry 2: the run is over"),
        ((START, ABORT, COLLECT), "entry 2: the run is over"),
    ],
)
def test_what_breaks_the_order_is_named(bodies: tuple[LogBody, ...], problem: str) -> None:
    problems = book_of(*bodies).runs["r1"].problems
    assert any(item.startswith(problem) for item in problems), problems


def test_runs_are_told_apart() -> None:
    other = START.model_copy(update={"run": "r2"})
    book = book_of(START, other, VERDICTS, END)
    assert list(book.runs) == ["r1", "r2"]
    assert [run.state for run in book.runs.values()] == ["ended", "open"]
    assert book.add(entry(WAIVER, 4)) is None
