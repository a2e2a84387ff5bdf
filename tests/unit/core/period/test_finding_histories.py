"""How a finding begins and ends over the runs: only what was put right is called fixed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auditor.core.model.period_report import Closing, FindingHistory, Opening, Response
from auditor.core.model.status import Severity
from tests.unit.core.period.runs import DAYS, SINCE, UNTIL, Day, control, daily, found, policy
from tests.unit.core.period.runs import report as period

FAIL, PASS = found("a", "fail"), found("a")
OTHER = found("z")


def histories(days: list[Day], **more: object) -> tuple[FindingHistory, ...]:
    return period(days, **more).findings


def one(days: list[Day], **more: object) -> FindingHistory:
    (history,) = histories(days, **more)
    return history


def at(number: int) -> object:
    return SINCE + timedelta(days=number, hours=6)


def failing(*numbers: int, then: dict[str, Any] | None = PASS) -> list[Day]:
    """`a` fails on these days, and then is so, or not there at all; `z` passes on all."""
    rest = [OTHER] if then is None else [OTHER, then]
    return [
        Day(n, [OTHER, FAIL] if n in numbers else ([OTHER, PASS] if n < min(numbers) else rest))
        for n in range(DAYS)
    ]


def test_fixed_within_its_time() -> None:
    history = one(failing(2, 3))
    assert (history.opening, history.closing) == (Opening.CHANGED, Closing.FIXED)
    assert (history.first_seen, history.last_seen, history.closed_at) == (at(2), at(3), at(4))
    assert (history.duration, history.late, history.runs) == (timedelta(days=2), False, 2)
    assert history.evidence == "sha256:run-002.00"
    assert history.closing_evidence == "sha256:run-004.00"


def test_fixed_late() -> None:
    assert one(failing(2, 3, 4, 5)).late
    assert not one(failing(2, 3, 4)).late, "exactly three days are in time"


def test_without_a_target_nothing_is_late() -> None:
    history = one(failing(*range(2, 10)), remediation={Severity.LOW: timedelta(0)})
    assert (history.late, history.target_time, history.closing) == (False, None, Closing.OPEN)
    assert history.duration == UNTIL - SINCE - timedelta(days=2, hours=6)


@pytest.mark.parametrize(
    ("then", "closing"),
    [
        (found("a", "waived", waiver="W-1"), Closing.WAIVED),
        (found("a", "not_applicable"), Closing.NOT_APPLICABLE),
        (None, Closing.VANISHED),
    ],
)
def test_what_ends_without_a_fix_is_not_called_fixed(
    then: dict[str, Any] | None, closing: Closing
) -> None:
    assert one(failing(2, 3, then=then)).closing is closing


def test_errors_between_end_nothing() -> None:
    days = failing(2, 3)
    days[3] = Day(3, [OTHER, found("a", "error")])
    history = one(days)
    assert (history.closed_at, history.undecided_runs, history.runs) == (at(4), 1, 1)


def test_an_absence_in_a_partial_reading_shows_nothing() -> None:
    days = failing(2, then=None)
    gap = found("", "error")
    days[3:] = [Day(n, [OTHER, gap]) for n in range(3, DAYS)]
    history = one(days)
    assert (history.closing, history.undecided_runs) == (Closing.OPEN, DAYS - 3)


def test_another_resource_of_the_same_name_is_another() -> None:
    old, new = found("a", "fail", uid="u1"), found("a", uid="u2")
    days = [Day(n, [old if n < 4 else new]) for n in range(DAYS)]
    history = one(days)
    assert (history.closing, history.successor) == (Closing.RECREATED, "u2")
    (item,) = period(days).controls[0].checks[0].population.recreated
    assert (item.before, item.uid, item.at) == ("u1", "u2", at(4))
    assert period(days).controls[0].checks[0].population.added == ()


def test_one_that_vanished_and_returns_fails_anew() -> None:
    days = [Day(n, [OTHER] if n in (4, 5) else [OTHER, FAIL]) for n in range(DAYS)]
    first, second = histories(days)
    assert (first.closing, second.opening) == (Closing.VANISHED, Opening.RETURNED)
    assert (second.first_seen, second.closing) == (at(6), Closing.OPEN)


def test_green_in_the_run_that_loosened_the_control_is_not_called_fixed() -> None:
    loose = policy(overrides={"prod": {"things": {"grace": 9}}})
    days = [Day(n, [FAIL]) if n < 4 else Day(n, [PASS], policy=loose) for n in range(DAYS)]
    history = one(days)
    assert history.closing is Closing.LOOSENED
    assert history.closing_detail == "things.grace: value in prod (3 -> 9)"


def test_the_clock_goes_on_while_nobody_looks() -> None:
    """A target that is taken out of scope and back does not start the remediation anew."""
    there = [found("b", "fail", target="two"), PASS]
    days = [Day(n, [PASS] if n in (4, 5) else there) for n in range(DAYS)]
    history = one(days)
    assert (history.first_seen, history.closing) == (at(0), Closing.OPEN)
    assert history.late


def test_what_is_never_looked_at_again_is_out_of_scope() -> None:
    there = [found("b", "fail", target="two"), PASS]
    days = [Day(n, there if n < 4 else [PASS]) for n in range(DAYS)]
    history = one(days)
    assert (history.closing, history.closed_at) == (Closing.OUT_OF_SCOPE, at(4))
    assert history.duration == UNTIL - SINCE - timedelta(hours=6)


def test_a_missing_member_that_came_is_fixed_and_one_not_expected_any_more_is_not() -> None:
    missing = found("a", "fail", pointer="")
    came = [Day(n, [OTHER, missing if n < 4 else PASS]) for n in range(DAYS)]
    assert one(came).closing is Closing.FIXED
    left = [Day(n, [OTHER, missing] if n < 4 else [OTHER]) for n in range(DAYS)]
    assert one(left).closing is Closing.OUT_OF_SCOPE


def test_runs_before_the_period_tell_when_it_began() -> None:
    before = [Day(-4, [PASS]), Day(-3, [FAIL]), Day(-2, [found("a", "error")]), Day(-1, [FAIL])]
    history = one([*before, *daily({n: [FAIL] for n in range(3)})])
    assert (history.opening, history.first_seen) == (Opening.BEFORE_PERIOD, at(-3))
    assert history.late


def test_a_waiver_that_ended_with_the_period_before_is_told() -> None:
    days = [Day(-1, [found("a", "waived", waiver="W-1")]), *daily({0: [FAIL]})]
    assert one(days).opening is Opening.WAIVER_ENDED


def test_what_failed_for_the_first_time_has_no_time_before() -> None:
    assert one([Day(-1, [OTHER]), *failing(0)]).opening is Opening.FIRST_JUDGED


def test_responses_are_matched_by_id_and_by_fingerprint() -> None:
    name, print_ = FAIL["id"], FAIL["fingerprint"]
    said = [
        Response(about, "it was an accident", "it is mended", "head", UNTIL, f"{n}.yaml")
        for n, about in enumerate([name, print_, print_[:12], "things/thing@one/nobody"])
    ]
    result = period(failing(2), responses=said)
    assert [r.file for r in result.findings[0].responses] == ["0.yaml", "1.yaml", "2.yaml"]
    assert result.unmatched_responses == ("3.yaml: things/thing@one/nobody",)


def test_a_control_that_was_tightened_is_not_blamed_for_a_fix() -> None:
    tight = policy(control(evaluate={"every": "12h", "gap_tolerance": "6h"}))
    days = [Day(n, [FAIL]) if n < 4 else Day(n, [PASS], policy=tight) for n in range(DAYS)]
    assert one(days).closing is Closing.FIXED
