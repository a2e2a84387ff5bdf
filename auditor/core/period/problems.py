"""What a reader has to know of the runs themselves: those without an end, clocks, their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from auditor.core.model.period_report import Problem, RunLine, RunState
from auditor.core.period.inputs import PeriodQuestion
from auditor.core.times import format_instant

_KINDS = {
    RunState.ABORTED: "aborted_run",
    RunState.UNFINISHED: "unfinished_run",
    RunState.OUT_OF_ORDER: "run_out_of_order",
}


def run_problems(question: PeriodQuestion, lines: Sequence[RunLine]) -> tuple[Problem, ...]:
    """Those of the runs, in order of the log.

    Args:
        lines: All runs of the log, in any order.
    """
    logged = sorted(lines, key=lambda line: line.first_entry)
    own = [line for line in logged if line.now in question]
    found = [
        *_incomplete(own),
        *_elsewhere(question, logged),
        *_clocks(own),
        *_order(own),
        *_end_of_log(question),
    ]
    return tuple(found)


def _incomplete(lines: Sequence[RunLine]) -> Iterator[Problem]:
    for line in lines:
        if line.state is not RunState.COMPLETE:
            text = f"it is no evidence: {line.reason}"
            yield Problem(_KINDS[line.state], text, line.run, line.now)


def _elsewhere(question: PeriodQuestion, lines: Sequence[RunLine]) -> Iterator[Problem]:
    """A run that gives itself another date would leave its period unseen."""
    for line in lines:
        if line.started_at in question and line.now not in question:
            text = (
                f"it was logged within the period, at {format_instant(line.started_at)}, and judged"
                f" at {format_instant(line.now)}: it is not counted"
            )
            yield Problem("run_of_another_time", text, line.run, line.now)


def _clocks(lines: Sequence[RunLine]) -> Iterator[Problem]:
    for line in lines:
        if line.ended_at is not None and line.ended_at < line.started_at:
            yield Problem("clock", "it ended before it began", line.run, line.now)


def _order(lines: Sequence[RunLine]) -> Iterator[Problem]:
    """The log says which run came first, whatever the clocks say."""
    for earlier, later in pairwise(lines):
        if later.now < earlier.now or later.started_at < earlier.started_at:
            text = (
                f"it comes after {earlier.run} in the log, and its time is before that:"
                f" {format_instant(later.now)}"
            )
            yield Problem("run_order", text, later.run, later.now)


def _end_of_log(question: PeriodQuestion) -> Iterator[Problem]:
    if question.log.time < question.bounds.until:
        text = (
            f"the last entry is of {format_instant(question.log.time)}, before the period's end:"
            " what came after is not in this report"
        )
        yield Problem("period_not_over", text, at=question.log.time)
