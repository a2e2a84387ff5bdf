"""Which of several reasons decides, what a plan cannot know, and what a digest is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.core.diff.compare import compare
from auditor.core.diff.gate import Basis, GateResult, Rules, decide
from auditor.core.diff.model import Side
from auditor.core.diff.weakening import Weakening, weakenings
from auditor.core.evaluate.plan import NotTested
from auditor.core.model.finding import Finding
from auditor.core.model.status import Cause, Status
from auditor.errors import ExitCode
from tests.unit.core.diff.sides import THINGS, finding, side

PASSED, FAILED = finding("a"), finding("a", Status.FAIL)
UNKNOWN = finding("a", Status.ERROR, cause=Cause.KNOWN_AFTER_APPLY)
OTHER = finding("b")


def decided(
    before: Sequence[Finding], after: Sequence[Finding], *names: str, least: int | None = None
) -> GateResult:
    diff = compare(side(*before), side(*after))
    return decide(diff, Basis("x", "y"), Rules(frozenset(names), None, least), (), None)


def test_a_closed_gate_says_the_worst_code_and_every_reason() -> None:
    denied = finding("b", Status.ERROR)
    result = decided([PASSED, OTHER], [FAILED, denied], "new", "any")
    assert result.exit_code is ExitCode.INCOMPLETE
    assert [reason.code for reason in result.reasons] == [3, 1, 1]


def test_nothing_evaluated_is_no_open_gate() -> None:
    skipped = [finding("a", Status.NOT_APPLICABLE)]
    assert decided(skipped, skipped).exit_code is ExitCode.NOTHING_EVALUATED
    assert decided([], []).exit_code is ExitCode.NOTHING_EVALUATED


@pytest.mark.parametrize(
    ("before", "names", "code"),
    [
        ([PASSED, OTHER], (), 0),
        ([PASSED, OTHER], ("coverage",), 3),
        ([OTHER], (), 0),
        ([OTHER], ("coverage",), 1),
        ([UNKNOWN, OTHER], ("coverage",), 0),
    ],
)
def test_what_a_plan_cannot_know_counts_only_where_coverage_is_asked_for(
    before: list[Finding], names: tuple[str, ...], code: int
) -> None:
    assert decided(before, [UNKNOWN, OTHER], *names).exit_code == code


@pytest.mark.parametrize(("least", "code"), [(66, 0), (67, 3), (100, 3), (0, 0)])
def test_the_floor_is_not_rounded_in_favour_of_anybody(least: int, code: int) -> None:
    findings = [finding("a"), finding("b"), finding("c", Status.ERROR)]
    result = decided(findings, findings, least=least)
    assert (result.coverage.percent, result.exit_code) == (66, code)


def test_a_check_without_a_target_is_outside_of_the_floor() -> None:
    after = replace(side(PASSED), not_tested=(NotTested("things", "more", "no target"),))
    rules = Rules(min_coverage=100)
    result = decide(compare(side(PASSED), after), Basis("x", "y"), rules, (), None)
    assert (result.coverage.total, result.exit_code) == (1, ExitCode.OK)


def test_what_is_let_through_by_name_is_said_and_changes_no_code() -> None:
    unmapped = side(PASSED, controls=(THINGS.model_copy(update={"maps": {}}),))
    diff = compare(side(PASSED), unmapped)
    found = weakenings(diff.policy, diff.before.policy, diff.after.policy, None)
    basis = Basis("x", "y", unverified="step 5")
    rules = Rules(frozenset({"new"}), max_age=timedelta(hours=36))
    result = decide(diff, basis, rules, found, None)
    assert result.exit_code is ExitCode.OK
    assert [(reason.code, reason.text) for reason in result.reasons] == [
        (
            0,
            "the gated run is not verified (step 5): let through by --accept-unverified-run",
        ),
        (0, "1 part of the policy weaker without an approval: let through by --allow-weakening"),
    ]
    assert rules.names() == ["new", "allow-weakening", "max-age=36h"]
    assert decide(diff, basis, Rules(), found, None).exit_code is ExitCode.FAILING


def weaker(after: Side) -> tuple[Weakening, ...]:
    diff = compare(side(), after)
    return weakenings(diff.policy, diff.before.policy, after.policy, None)


def test_a_digest_is_of_the_whole_control_and_of_nothing_else() -> None:
    unmapped = THINGS.model_copy(update={"maps": {}})
    (one,) = weaker(side(controls=(unmapped,)))
    (same,) = weaker(side(controls=(unmapped,), organisation="Another"))
    (other,) = weaker(side(controls=(unmapped.model_copy(update={"title": "Other words"}),)))
    assert one.part == "control things"
    assert one.digest == same.digest
    assert one.digest != other.digest


def test_each_part_stands_for_itself() -> None:
    parts = weaker(side(controls=(), targets=(), inventory={"jobs": ["x"]}))
    assert [one.part for one in parts] == ["control things", "inventory jobs", "target one"]
    assert weaker(side(engine="another")) == ()
