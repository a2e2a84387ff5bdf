"""Completeness: members, slots of time, counts, emptiness; what was not read never passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.evaluate.population import elapsed_slots, slot_of
from auditor.core.expression.interface import UndecidedError
from auditor.core.model.finding import Finding
from auditor.core.model.status import Cause, Status
from tests.unit.core.build import (
    NOW,
    check,
    control,
    gap,
    judge,
    observation,
    only,
    statuses,
    thing,
)

EVERY = st.integers(1, 5000).map(lambda minutes: timedelta(minutes=minutes))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds by the library's contract


@given(MOMENTS, EVERY)
def test_law_every_instant_lies_in_exactly_one_slot(instant: datetime, every: timedelta) -> None:
    start = slot_of(instant, every)
    assert start <= instant < start + every
    assert slot_of(start, every) == start
    assert slot_of(start - timedelta(microseconds=1), every) == start - every


@given(MOMENTS, EVERY, st.integers(2, 40))
def test_law_the_slots_are_those_wholly_inside_the_window(
    now: datetime, every: timedelta, number: int
) -> None:
    window = every * number
    slots = elapsed_slots(every, window, now)
    assert all(now - window <= slot and slot + every <= now for slot in slots)
    assert [b - a for a, b in pairwise(slots)] == [every] * (len(slots) - 1)
    assert len(slots) in (number - 1, number)
    assert slots[0] - every < now - window
    assert slots[-1] + 2 * every > now


@pytest.mark.parametrize(
    ("every", "window"),
    [
        (timedelta(0), timedelta(days=1)),
        (timedelta(days=-1), timedelta(days=1)),
        (timedelta(days=1), timedelta(0)),
        (timedelta(days=1), timedelta(days=-5)),
        (timedelta(days=1), timedelta(hours=23)),
        (timedelta(days=1), timedelta(days=1)),
        (timedelta(milliseconds=1), timedelta(days=1)),
        (timedelta(days=36_500), timedelta(days=999_999_999)),
        (timedelta(days=3_650_000), timedelta(days=4_000_000)),
    ],
)
def test_a_schedule_that_would_expect_nothing_is_undecided_never_empty(
    every: timedelta, window: timedelta
) -> None:
    with pytest.raises(UndecidedError, match="no usable schedule"):
        elapsed_slots(every, window, datetime(2026, 3, 31, 12, tzinfo=UTC))


def scheduled(window: str = "param.window", on_missing: str = "fail") -> dict[str, object]:
    schedule = {"every": "24h", "window": window, "at": "resource.since"}
    return check(population={"on_empty": "fail", "schedule": schedule, "on_missing": on_missing})


def days(*numbers: int, window: str = "3d", on_missing: str = "fail") -> list[Finding]:
    """Findings about slots for things on these days of March, judged on the 31st at noon."""
    parameters = {"window": {"type": "duration", "default": window, "doc": "how far back"}}
    made = control(scheduled(on_missing=on_missing), parameters=parameters)
    things = [thing(f"t{n}", since=f"2026-03-{n:02}T03:00:00Z") for n in numbers]
    return [f for f in judge(made, observation(*things)).findings if not f.pointer]


def test_each_missing_day_is_a_finding_of_its_own() -> None:
    assert days(29, 30) == []
    assert [(f.key, f.status) for f in days(29)] == [("2026-03-30T00:00:00Z", Status.FAIL)]
    assert [f.status for f in days(1)] == [Status.FAIL, Status.FAIL]


def test_a_missing_day_is_an_error_where_the_check_says_so() -> None:
    assert [(f.status, f.cause) for f in days(29, on_missing="error")] == [
        (Status.ERROR, Cause.NOT_COLLECTED)
    ]


def test_an_item_of_the_year_one_fills_no_slot_and_ends_no_run() -> None:
    made = control(scheduled("duration('72h')"))
    found = judge(made, observation(thing("old", since="0001-01-01T00:00:00Z"))).findings
    assert [f.status for f in found if not f.pointer] == [Status.FAIL, Status.FAIL]


@pytest.mark.parametrize(
    ("window", "cause"),
    [
        ("'3d'", Cause.TYPE_ERROR),
        ("param.absent", Cause.MISSING_FIELD),
        ("duration('0s')", Cause.LIMIT),
    ],
)
def test_a_window_that_cannot_be_told_is_an_error(window: str, cause: Cause) -> None:
    found = judge(control(scheduled(window)), observation(thing(since="2026-03-30T00:00:00Z")))
    about_all = [f for f in found.findings if not f.pointer]
    assert [(f.status, f.cause) for f in about_all] == [(Status.ERROR, cause)]
    assert "the schedule could not be told" in about_all[0].reason


def expecting(expected: str = "inventory.names", **more: object) -> dict[str, object]:
    return check(population={"on_empty": "fail", "expected": expected, **more})


def test_a_member_that_the_check_maps_to_is_covered() -> None:
    made = control(expecting(member="resource.note"))
    assert statuses(judge(made, observation(thing("x", note="a"), thing("y", note="b")))) == {
        "x": Status.PASS,
        "y": Status.PASS,
    }
    assert statuses(judge(made, observation(thing("x", note="a"))))["b"] is Status.FAIL


def test_what_the_check_does_not_apply_to_covers_nothing_that_is_expected() -> None:
    made = control({**expecting(), "when": "resource.note != null"})
    assert statuses(judge(made, observation(thing("a"), thing("b", note="x")))) == {
        "a": Status.FAIL,
        "b": Status.PASS,
    }
    since = "2026-03-30T00:00:00Z"
    slots = control({**scheduled("duration('48h')"), "when": "resource.note != null"})
    assert Status.FAIL in statuses(judge(slots, observation(thing("a", since=since)))).values()


def test_a_count_that_agrees_adds_no_finding() -> None:
    rule = {"expr": "size(resources) == facts.count", "why": "the counts must agree"}
    made = control(check(population={"on_empty": "fail", "reconcile": rule}))
    assert only(judge(made, observation(thing("a")))).status is Status.PASS


def test_emptiness_shows_nothing_when_what_it_depends_on_was_not_judged() -> None:
    first = check(id="first", collector="absent")
    second = check(population={"on_empty": "pass_stated", "depends_on": ["first"]})
    finding = only(judge(control(first, second), observation()))
    assert (finding.status, finding.cause) == (Status.ERROR, Cause.DEPENDENCY)
    assert "first was not judged" in finding.reason


def test_evidence_read_long_after_the_moment_of_judgement_is_of_another_run() -> None:
    later = NOW + timedelta(hours=24, seconds=1)
    seen = observation(thing("a"), started_at=later, as_of=NOW, read_at=later)
    finding = only(judge(control(), seen))
    assert (finding.status, finding.cause) == (Status.ERROR, Cause.FUTURE)
    in_time = observation(thing("a"), started_at=NOW + timedelta(hours=24))
    assert only(judge(control(), in_time)).status is Status.PASS


def test_a_gap_whose_subject_only_looks_like_a_fact_is_of_a_resource() -> None:
    seen = observation(thing("a"), gaps=(gap(subject="facts.example.org:443"),))
    assert Status.ERROR in statuses(judge(control(), seen)).values()


def test_a_member_that_is_no_text_is_an_error_and_covers_nothing() -> None:
    found = statuses(judge(control(expecting(member="resource.note")), observation(thing("x"))))
    assert found == {"x": Status.ERROR, "a": Status.FAIL, "b": Status.FAIL}


@pytest.mark.parametrize(
    ("expected", "cause"),
    [
        ("['a', 1]", Cause.TYPE_ERROR),
        ("'a'", Cause.TYPE_ERROR),
        ("inventory.absent", Cause.MISSING_FIELD),
    ],
)
def test_expected_members_that_cannot_be_told_are_an_error(expected: str, cause: Cause) -> None:
    found = judge(control(expecting(expected)), observation(thing("a"))).findings
    about_all = [f for f in found if not f.pointer]
    assert [(f.status, f.cause, f.key) for f in about_all] == [(Status.ERROR, cause, "")]
    assert "could not be told" in about_all[0].reason


def test_a_missing_member_is_an_error_with_the_gap_while_the_collection_is_incomplete() -> None:
    found = judge(control(expecting()), observation(thing("a"), gaps=(gap(subject="eu"),)))
    missing = next(f for f in found.findings if f.key == "b")
    assert (missing.status, missing.cause, missing.action) == (
        Status.ERROR,
        Cause.DENIED,
        "demo:Get",
    )
    assert "the collection is incomplete" in missing.reason


def test_a_count_that_cannot_be_read_is_an_error() -> None:
    rule = {"expr": "size(resources) == facts.absent", "why": "the counts must agree"}
    made = control(check(population={"on_empty": "fail", "reconcile": rule}))
    found = judge(made, observation(thing("a"))).findings
    assert [(f.status, f.cause) for f in found if not f.pointer] == [
        (Status.ERROR, Cause.MISSING_FIELD)
    ]


@pytest.mark.parametrize(
    ("expr", "where"),
    [
        ("facts.count == 1", "assert"),
        ("facts.count == 1", "when"),
        ("size(facts.count > 0 ? 'a' : '') == 1 ? 'a' : 'b'", "key"),
    ],
)
def test_a_denied_fact_concerns_a_check_that_uses_it_anywhere(expr: str, where: str) -> None:
    base = check()
    if where == "assert":
        base["assert"] = [{**base["assert"][0], "expr": expr}]  # type: ignore[index]  # a list
    else:
        base[where] = expr
    denied = gap(subject="facts.count")
    seen = observation(thing("a"), facts={}, gaps=(denied,))
    assert Status.ERROR in statuses(judge(control(base), seen)).values()
    other = judge(control(check()), seen)
    assert only(other).status is Status.PASS


def test_a_gap_in_a_fact_that_nobody_uses_leaves_an_empty_population_empty() -> None:
    made = control(check(population={"on_empty": "pass_stated"}))
    finding = only(judge(made, observation(gaps=(gap(subject="facts.count"),))))
    assert (finding.status, finding.reason) == (
        Status.PASS,
        "0 of 0 items: none is the good case",
    )


def test_a_resource_without_a_key_is_no_duplicate_of_another() -> None:
    found = judge(control(check(key="resource.note")), observation(thing("a"), thing("b")))
    assert [(f.key, f.cause) for f in found.findings] == [
        ("?0", Cause.TYPE_ERROR),
        ("?1", Cause.TYPE_ERROR),
    ]


def test_the_moment_of_judgement_bounds_the_last_slot() -> None:
    assert slot_of(NOW, timedelta(days=1)) == datetime(2026, 3, 31, tzinfo=UTC)
    slots = elapsed_slots(timedelta(days=1), timedelta(days=2), NOW)
    assert slots == [datetime(2026, 3, 30, tzinfo=UTC)]
