"""What a period shows of a control: states, cadence, k of n, and what is never clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model.period_report import PeriodState, RunState
from auditor.core.period.problems import run_problems
from tests.unit.core.period.runs import (
    DAYS,
    SINCE,
    UNTIL,
    Day,
    control,
    daily,
    found,
    only,
    policy,
    question,
)
from tests.unit.core.period.runs import report as period

_RANK = {
    PeriodState.NO_DEVIATIONS: 0,
    PeriodState.NOT_OPERATED: 1,
    PeriodState.INCOMPLETE: 2,
    PeriodState.NOT_TESTED: 3,
    PeriodState.DEVIATIONS: 4,
}
STATUSES = st.sampled_from(["pass", "fail", "error", "not_applicable", "waived", "manual"])
RUNS = st.lists(
    st.dictionaries(st.sampled_from("abc"), STATUSES, min_size=1), min_size=DAYS, max_size=DAYS
)


def days_of(runs: list[dict[str, str]]) -> list[Day]:
    return [Day(n, [found(k, s) for k, s in sorted(run.items())]) for n, run in enumerate(runs)]


@given(RUNS, st.permutations(range(DAYS)))
def test_the_order_of_the_runs_given_does_not_matter(
    runs: list[dict[str, str]], order: list[int]
) -> None:
    days = days_of(runs)
    assert period([days[number] for number in order]) == period(days)


@given(RUNS, st.integers(0, DAYS - 1), st.sampled_from("abcd"))
def test_a_failing_finding_more_never_improves_the_state(
    runs: list[dict[str, str]], number: int, key: str
) -> None:
    before = only(days_of(runs))
    worse = [*runs]
    worse[number] = runs[number] | {key: "fail"}
    after = only(days_of(worse))
    assert _RANK[after.state] >= _RANK[before.state]
    assert after.state is PeriodState.DEVIATIONS
    assert after.deviating >= before.deviating


@given(runs=RUNS, number=st.integers(0, DAYS - 1), aborted=st.booleans())
def test_without_one_of_its_runs_a_control_is_never_better_than_incomplete(
    runs: list[dict[str, str]], number: int, *, aborted: bool
) -> None:
    days = days_of(runs)
    left = [day for day in days if day.number != number]
    if aborted:
        left.append(Day(number, [], RunState.ABORTED))
    result = only(left)
    assert _RANK[result.state] >= _RANK[PeriodState.INCOMPLETE]
    assert result.incomplete


@given(RUNS)
def test_what_was_in_error_once_is_never_clean(runs: list[dict[str, str]]) -> None:
    runs[3] = runs[3] | {"a": "error"}
    assert _RANK[only(days_of(runs)).state] >= _RANK[PeriodState.INCOMPLETE]


def test_a_run_each_day_without_a_failure() -> None:
    result = only(daily())
    assert result.state is PeriodState.NO_DEVIATIONS
    assert (result.runs_expected, result.runs_done, result.gaps) == (DAYS, DAYS, ())
    assert (result.deviating, result.items, result.judgements) == (0, 1, DAYS)


def test_items_are_counted_once_and_judgements_each_time() -> None:
    bad = [found("a", "fail"), found("b"), found("c", "waived")]
    result = only(daily(dict.fromkeys(range(2, 5), bad)))
    assert (result.deviating, result.items) == (1, 3)
    assert (result.failing_judgements, result.judgements) == (3, 7 + 9)
    assert (result.runs_with_deviations, result.waived) == (3, 1)
    assert result.summary.startswith(
        "1 of 3 items (one check on one resource) deviated, in 3 of 10"
    )


def test_nothing_to_judge_is_not_operated_and_not_clean() -> None:
    empty = [found("", "not_applicable")]
    result = only([Day(n, empty) for n in range(DAYS)])
    assert result.state is PeriodState.NOT_OPERATED
    assert result.checks[0].query == "demo.thing"


def test_gaps_have_bounds_and_name_the_runs_in_them() -> None:
    days = [day for day in daily() if day.number not in (4, 5)]
    days.append(Day(4, [], RunState.UNFINISHED))
    (gap,) = only(days).gaps
    begin = SINCE + timedelta(days=3, hours=6)
    assert (gap.since, gap.until) == (begin, begin + timedelta(days=3))
    assert gap.allowed == timedelta(hours=30)
    assert gap.runs == ("run-004.00",)


def test_the_ends_of_the_period_count() -> None:
    assert [gap.since for gap in only(daily()[2:]).gaps] == [SINCE]
    assert [gap.until for gap in only(daily()[:-2]).gaps] == [UNTIL]


def test_a_control_that_no_run_judged_is_not_tested() -> None:
    result = only([Day(n, []) for n in range(DAYS)])
    assert result.state is PeriodState.NOT_TESTED
    assert result.runs_expected == DAYS
    assert [(gap.since, gap.until) for gap in result.gaps] == [(SINCE, UNTIL)]


def test_a_period_without_a_complete_run_knows_what_should_have_been_tested() -> None:
    result = period([Day(3, [], RunState.ABORTED)])
    assert [(c.id, c.state) for c in result.controls] == [("things", PeriodState.NOT_TESTED)]
    assert [(p.kind, p.run) for p in result.problems] == [("aborted_run", "run-003.00")]
    assert period([]).controls == ()


def test_a_looser_cadence_counts_from_when_it_was_loosened() -> None:
    slow = policy(control(evaluate={"every": "2d", "gap_tolerance": "0s"}))
    days = [Day(n) for n in range(5)] + [Day(n, policy=slow) for n in (5, 7, 9)]
    result = only(days)
    assert result.gaps == ()
    assert result.runs_expected == 7


def test_a_target_that_was_left_out_makes_it_incomplete() -> None:
    other = found("b", target="two")
    result = only(daily({n: [found("a"), other] for n in range(DAYS) if n not in (5, 6)}))
    assert result.state is PeriodState.INCOMPLETE
    (reason,) = result.incomplete
    assert (reason.kind, reason.runs) == ("not_judged", 2)
    assert reason.since == SINCE + timedelta(days=5, hours=6)


def test_runs_out_of_order_are_named() -> None:
    """The log says which came first, whatever their clocks say."""
    later, earlier = (
        replace(Day(0.5).line(), first_entry=1),
        replace(Day(0.4).line(), first_entry=2),
    )
    (problem,) = run_problems(question(), [earlier, later])
    assert (problem.kind, problem.run) == ("run_order", earlier.run)


def test_a_run_that_ends_before_it_begins_is_named() -> None:
    line = replace(Day(1).line(), ended_at=SINCE)
    assert [problem.kind for problem in run_problems(question(), [line])] == ["clock"]


def test_a_run_logged_in_the_period_under_another_date_is_named() -> None:
    line = replace(Day(-100).line(), started_at=SINCE)
    assert [p.kind for p in run_problems(question(), [line])] == ["run_of_another_time"]
