"""Each change of a policy is told, and whether it loosens; in doubt it is never called neutral."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.core.model.control import Control
from auditor.core.model.period_report import Effect
from auditor.core.model.target import Target
from auditor.core.policy_changes.policies import policy_changes
from tests.unit.core.period.runs import TARGET, Day, control, daily, policy
from tests.unit.core.period.runs import report as period

CHECK: dict[str, Any] = control().checks[0].model_dump(mode="json", by_alias=True)
ASSERTION: dict[str, Any] = CHECK["assert"][0]
GRACE: dict[str, Any] = {"type": "int", "default": 3, "loosest": 9, "doc": "days allowed at most"}


def with_check(**more: object) -> Control:
    return control(checks=[CHECK | more])


def with_assertion(**more: object) -> Control:
    return with_check(**{"assert": [ASSERTION | more]})


def mapped(**more: object) -> Control:
    return control(maps={"soc2": [{"id": "CC6.1", "strength": "full"} | more]})


SECOND = {"assert": [ASSERTION, ASSERTION | {"id": "too"}]}
ADDED = control(checks=[CHECK, CHECK | {"id": "more"}])
CASES: list[tuple[str, Control, Control, str, Effect | None]] = [
    ("title", control(), control(title="Another title"), "control", Effect.NEUTRAL),
    ("owner", control(), control(owner={"role": "another"}), "ownership", Effect.NEUTRAL),
    ("cadence", control(), control(evaluate={"every": "2d", "gap_tolerance": "6h"}), "control",
     Effect.LOOSENS),
    ("tolerance", control(), control(evaluate={"every": "24h", "gap_tolerance": "7h"}), "control",
     Effect.LOOSENS),
    ("mapping", control(), control(maps={}), "mapping", Effect.LOOSENS),
    ("strength", control(), mapped(strength="partial"), "mapping", Effect.LOOSENS),
    ("gap", control(), mapped(gap="it does not show it"), "mapping", None),
    ("default", control(), control(parameters={"grace": GRACE | {"default": 5}}), "parameter",
     Effect.LOOSENS),
    ("loosest", control(), control(parameters={"grace": GRACE | {"loosest": 20}}), "parameter",
     Effect.LOOSENS),
    ("parameter", control(), control(parameters={}), "parameter", None),
    ("check", control(), ADDED, "check", Effect.TIGHTENS),
    ("scope", control(), with_check(scope='target.name == "x"'), "check", None),
    ("when", control(), with_check(when="resource.ok"), "check", None),
    ("population", control(), with_check(population={"on_empty": "pass_stated"}), "check", None),
    ("freshness", control(), with_check(freshness="2d"), "check", Effect.LOOSENS),
    ("wording", control(), with_check(title="Another title"), "check", Effect.NEUTRAL),
    ("assertion", control(), with_check(**SECOND), "check", Effect.TIGHTENS),
    ("expression", control(), with_assertion(expr="true"), "check", None),
    ("severity", control(), with_assertion(severity="low"), "check", Effect.LOOSENS),
    ("message", control(), with_assertion(message="another message"), "check", Effect.NEUTRAL),
]  # fmt: skip
OPPOSITE = {
    Effect.LOOSENS: Effect.TIGHTENS,
    Effect.TIGHTENS: Effect.LOOSENS,
    Effect.NEUTRAL: Effect.NEUTRAL,
    Effect.UNKNOWN: Effect.UNKNOWN,
}


@pytest.mark.parametrize(
    ("before", "after", "kind", "effect"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_change_of_a_control_there_and_back(
    before: Control, after: Control, kind: str, effect: Effect | None
) -> None:
    expected = effect or Effect.UNKNOWN
    (there,) = policy_changes(policy(before), policy(after))
    (back,) = policy_changes(policy(after), policy(before))
    assert (there.kind, there.effect) == (kind, expected)
    assert (back.kind, back.effect) == (kind, OPPOSITE[expected])
    assert (there.before, there.after) == (back.after, back.before)
    assert there.before or there.after


def test_equal_policies_have_no_changes() -> None:
    assert policy_changes(policy(), policy()) == []


def test_values_of_parameters_are_compared_in_each_environment() -> None:
    looser = policy(overrides={"prod": {"things": {"grace": 7}}})
    (there,) = policy_changes(policy(), looser)
    assert (there.subject, there.before, there.after) == ("things.grace", "3", "7")
    assert there.effect is Effect.LOOSENS


def test_a_parameter_without_degrees_cannot_be_told() -> None:
    way = {"type": "string", "default": "a", "doc": "one of several ways"}
    before, after = (control(parameters={"way": way | {"default": d}}) for d in "ab")
    (there,) = policy_changes(policy(before), policy(after))
    assert there.effect is Effect.UNKNOWN


@pytest.mark.parametrize(
    ("more", "kind", "effect"),
    [
        ({"targets": (TARGET, Target("two", "demo", "prod"))}, "target", Effect.TIGHTENS),
        ({"targets": ()}, "target", Effect.LOOSENS),
        ({"targets": (replace(TARGET, environment="test"),)}, "target", Effect.UNKNOWN),
        ({"inventory": {"allowed": ["x"]}}, "inventory", Effect.UNKNOWN),
        ({"environments": ("prod", "test")}, "scope", Effect.UNKNOWN),
        ({"engine": "another 2"}, "engine", Effect.UNKNOWN),
        ({"owners": {"head": ["Ada"]}}, "ownership", Effect.NEUTRAL),
        ({"controls": ()}, "control", Effect.LOOSENS),
    ],
)
def test_a_change_of_what_is_around(more: dict[str, Any], kind: str, effect: Effect) -> None:
    (there,) = policy_changes(policy(), replace(policy(), **more))
    assert (there.kind, there.effect) == (kind, effect)


def test_a_control_that_a_run_left_out_is_compared_with_what_it_was() -> None:
    """Who looks away for one run hides no change by it."""
    loose = policy(overrides={"prod": {"things": {"grace": 9}}})
    days = daily()
    days[4] = Day(4, [], policy=policy(control(id="other")))
    days[5:] = [Day(n, policy=loose) for n in range(5, 10)]
    told = [(c.subject, c.what) for c in period(days).changes]
    assert ("things", "not judged any more") in told
    assert ("things", "judged again") in told
    assert ("things.grace", "value in prod") in told


def test_the_first_run_is_compared_with_the_last_before_the_period() -> None:
    loose = policy(overrides={"prod": {"things": {"grace": 9}}})
    result = period([Day(-2, policy=loose), Day(-1), *daily()])
    assert result.changes == ()
    assert result.baseline is not None
    assert (result.baseline.run, result.baseline.chosen) == ("run--01.00", "before_period")
    asked = period([Day(-2, policy=loose), Day(-1), *daily()], since_run="run--02.00")
    (change,) = asked.changes
    assert (change.previous_run, change.effect) == ("run--02.00", Effect.TIGHTENS)


def test_another_version_of_the_program_is_told() -> None:
    days = [replace(day, program="auditor 2") if day.number >= 5 else day for day in daily()]
    (change,) = period(days).changes
    assert (change.kind, change.before, change.after) == ("program", "auditor 1", "auditor 2")
