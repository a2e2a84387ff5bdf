"""One check on one resource: messages, plans, compiled expressions, waivers at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from auditor.core.evaluate import evaluate, in_dependency_order
from auditor.core.evaluate.compiled import compile_check, expressions_of
from auditor.core.evaluate.judge import fill, message_paths
from auditor.core.evaluate.plan import NotTested, Plan, PlannedCheck, make_plan
from auditor.core.model.status import Cause, Status
from auditor.core.model.target import Target
from auditor.errors import ExpressionError
from tests.unit.core.build import (
    ENGINE,
    NOW,
    TARGET,
    assertion,
    check,
    control,
    gap,
    judge,
    observation,
    only,
    policy,
    statuses,
    thing,
    waiver,
)
from tests.unit.core.jsonlike import JSON, TEXT

SHOWN = [
    ("text", "text"),
    (5, "5"),
    (1.5, "1.5"),
    (True, "yes"),
    (False, "no"),
    (None, "none"),
    ([], "nothing"),
    (["a", 1], "a, 1"),
    ({"a": [True]}, "{a: yes}"),
    (datetime(2026, 3, 31, 12, tzinfo=UTC), "2026-03-31T12:00:00Z"),
    (timedelta(hours=36), "36h"),
    ("x" * 200, "x" * 119 + "…"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN)
def test_a_message_shows_values_to_people(value: object, text: str) -> None:
    assert fill("{resource.a} is it", {"resource": {"a": value}}) == f"{text} is it"


def test_a_message_says_what_was_not_read_and_leaves_other_braces() -> None:
    variables = {"resource": {"a": {"b": 1}, "t": "x"}}
    assert fill("{resource.a.c} {resource.t.u} {gone}", variables) == (
        "(not read) (not read) (not read)"
    )
    assert fill("{} {A} {resource.a-b} {{resource.a.b}}", variables) == "{} {A} {resource.a-b} {1}"
    assert message_paths("{resource.a.b} of {param.x}: {}") == [
        ("resource", "a", "b"),
        ("param", "x"),
    ]


@given(TEXT, JSON)
def test_law_any_message_can_be_filled_with_any_value(message: str, value: object) -> None:
    assert fill(message, {"resource": value}) is not None
    assert len(fill("{resource}", {"resource": value})) <= 120


def test_a_plan_reads_each_type_once_and_says_what_is_not_tested() -> None:
    made = control(check(), check(id="other"), check(id="cloud", collector="aws"))
    plan = make_plan(policy(made, targets=[TARGET, Target("a-2", "demo", "prod")]), ENGINE)
    assert plan.requests() == {"a-2": ["demo.thing"], "prod-1": ["demo.thing"]}
    assert [item.path for item in plan.checks] == ["things/thing"] * 2 + ["things/other"] * 2
    assert [item.to_json() for item in plan.not_tested] == [
        {"control": "things", "check": "cloud", "reason": "no target of kind aws"}
    ]


def test_a_planned_check_that_gave_nothing_is_an_error_of_its_own() -> None:
    made = policy(control())
    stranger = control(id="strangers")
    plan = Plan((PlannedCheck(stranger, stranger.checks[0], TARGET),), (NotTested("a", "b", "c"),))
    judged = evaluate(made, plan, {}, NOW, ENGINE)
    finding = only(judged)
    assert (finding.control, finding.target, finding.environment) == ("strangers", "prod-1", "prod")
    assert (finding.status, finding.cause) == (Status.ERROR, Cause.INTERNAL)
    assert [item.reason for item in judged.not_tested] == ["c"]


FULL: dict[str, Any] = check(
    when="resource.ok",
    population={
        "on_empty": "fail",
        "expected": "inventory.names",
        "member": "resource.note",
        "schedule": {"every": "24h", "window": "param.w", "at": "resource.since"},
        "reconcile": {"expr": "true", "why": "always"},
    },
)


def test_every_expression_of_a_check_is_compiled_with_its_place() -> None:
    places = [place for place, _, _ in expressions_of(control(FULL).checks[0])]
    assert places == [
        ("scope",),
        ("key",),
        ("when",),
        ("assert", 0, "expr"),
        ("population", "member"),
        ("population", "expected"),
        ("population", "reconcile", "expr"),
        ("population", "schedule", "window"),
        ("population", "schedule", "at"),
    ]
    compiled = compile_check(ENGINE, control(FULL).checks[0])
    assert None not in (compiled.when, compiled.member, compiled.slot, compiled.window)
    assert None not in (compiled.expected, compiled.reconcile)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"scope": "resource.ok"}, "scope"),
        ({"key": "resource.("}, "key"),
        ({"assert": [assertion(), assertion("1 +", id="b")]}, "assert.1.expr"),
        ({"population": {"on_empty": "fail", "expected": "resource.x"}}, "population.expected"),
    ],
)
def test_an_expression_that_does_not_compile_names_its_place(
    change: dict[str, Any], where: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_check(ENGINE, control(check(**change)).checks[0])
    assert caught.value.where == where


def test_checks_come_after_those_they_depend_on_and_otherwise_in_the_order_written() -> None:
    def after(check_id: str, *others: str) -> dict[str, object]:
        return check(id=check_id, population={"on_empty": "fail", "depends_on": list(others)})

    made = control(after("a", "c"), after("b"), after("c", "d"), after("d"))
    assert [item.id for item in in_dependency_order(made)] == ["d", "c", "a", "b"]


def test_a_dependency_judged_on_another_target_counts() -> None:
    first = check(id="first", scope='target.name == "prod-1"')
    second = check(
        id="second",
        scope='target.name == "other"',
        population={"on_empty": "pass_stated", "depends_on": ["first"]},
    )
    other = Target("other", "demo", "prod")
    seen = [observation(thing("bad", ok=False)), observation(target="other")]
    found = judge(control(second, first), *seen, targets=[TARGET, other])
    assert {f.check: (f.status, f.cause) for f in found.findings} == {
        "first": (Status.FAIL, None),
        "second": (Status.ERROR, Cause.DEPENDENCY),
    }


def test_of_two_gaps_of_one_subject_the_one_with_a_permission_leads_and_both_are_named() -> None:
    gaps = (gap(Cause.TIMEOUT, "eu", action=""), gap(Cause.DENIED, "eu", action="demo:Get"))
    finding = only(judge(control(), observation(gaps=gaps)))
    assert (finding.cause, finding.action) == (Cause.DENIED, "demo:Get")
    twice = only(judge(control(), observation(gaps=(gaps[1], gaps[1]))))
    assert twice.reason.count("the system said no") == 2


def test_a_denied_key_names_the_resource_by_its_place_and_says_how_to_mend_it() -> None:
    denied = thing("a", note=..., unread={"note": gap()})
    finding = only(judge(control(check(key="resource.note")), observation(denied)))
    assert (finding.key, finding.pointer, finding.cause) == ("?0", "/resources/0", Cause.DENIED)
    assert (finding.action, finding.hint) == ("demo:Get", "grant demo:Get")


def test_a_field_inside_a_record_that_was_denied_is_undecided_where_it_is_read() -> None:
    denied = thing("a", tags=..., unread={"tags.team": gap()})
    reads = check(**{"assert": [assertion('resource.tags.team == "core"')]})
    assert only(judge(control(reads), observation(denied))).cause is Cause.DENIED
    assert only(judge(control(), observation(denied))).status is Status.PASS


def test_a_resource_that_the_check_does_not_apply_to_is_counted_as_such() -> None:
    made = control(check(when="resource.note != null"))
    found = judge(made, observation(thing("a"), thing("b", note="x")))
    assert statuses(found) == {"a": Status.NOT_APPLICABLE, "b": Status.PASS}
    assert found.findings[0].reason == "not applicable: `resource.note != null` is false"
    assert found.findings[0].assertions == ()


def test_when_is_not_asked_of_a_field_that_was_denied() -> None:
    denied = thing("a", note=..., unread={"note": gap()})
    made = control(check(when="resource.note != null"))
    assert only(judge(made, observation(denied))).status is Status.ERROR


def test_absorbed_terms_stand_beside_a_true_assertion() -> None:
    made = control(
        check(**{"assert": [assertion("resource.ok || resource.tags.x == ''", absorbs="enough")]})
    )
    finding = only(judge(made, observation(thing("a"))))
    assert finding.status is Status.PASS
    assert finding.assertions[0].detail.startswith("absorbed: ")
    assert "`x` is missing" in finding.assertions[0].detail


BAD = thing("bad", ok=False)


def test_a_waiver_whose_match_cannot_be_decided_is_refused_and_named() -> None:
    found = judge(control(), observation(BAD), waivers=[waiver(match="resource.note")])
    finding = only(found)
    assert finding.status is Status.FAIL
    assert "its match could not be decided" in finding.reason
    assert finding.waiver == "W-1"


def test_a_waiver_that_does_not_match_leaves_no_trace() -> None:
    finding = only(judge(control(), observation(thing("c", ok=False)), waivers=[waiver()]))
    assert (finding.status, finding.waiver) == (Status.FAIL, "")
    assert "waiver" not in finding.reason


def test_a_waiver_of_another_check_does_not_count() -> None:
    found = judge(control(), observation(BAD), waivers=[waiver(check="things/other")])
    assert statuses(found) == {"bad": Status.FAIL}


def test_the_ends_of_a_waiver_are_half_open() -> None:
    held = waiver(approved_at="2026-03-31T12:00:00Z", expires="2026-04-01T00:00:00Z")
    over = waiver(expires="2026-03-31T12:00:00Z")
    assert only(judge(control(), observation(BAD), waivers=[held])).status is Status.WAIVED
    assert only(judge(control(), observation(BAD), waivers=[over])).status is Status.FAIL


@pytest.mark.parametrize(
    "who", ["head-of-things", "Olga Owner", " olga  OWNER", "olga@example.org"]
)
def test_the_owner_may_approve_neither_by_role_nor_by_name_nor_by_address(who: str) -> None:
    found = judge(control(), observation(BAD), waivers=[waiver(approved_by=who)])
    assert "its approver owns the control" in only(found).reason
