"""What became of each finding: a table, and the laws that hold for any two runs."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.diff.compare import compare
from auditor.core.diff.model import ChangeKind, FindingChange, Side
from auditor.core.model.finding import Finding
from auditor.core.model.status import Severity, Status
from tests.unit.core.diff.sides import THINGS, finding, side

S, K = Status, ChangeKind
BOTH = [
    (S.PASS, S.FAIL, K.NEW),
    (S.NOT_APPLICABLE, S.FAIL, K.NEW),
    (S.WAIVED, S.FAIL, K.NEW),
    (S.FAIL, S.PASS, K.FIXED),
    (S.FAIL, S.NOT_APPLICABLE, K.FIXED),
    (S.WAIVED, S.PASS, K.FIXED),
    (S.FAIL, S.WAIVED, K.CHANGED),
    (S.PASS, S.WAIVED, K.CHANGED),
    (S.PASS, S.NOT_APPLICABLE, K.CHANGED),
    (S.NOT_APPLICABLE, S.PASS, K.CHANGED),
    (S.PASS, S.ERROR, K.INCOMPARABLE),
    (S.FAIL, S.MANUAL, K.INCOMPARABLE),
    (S.ERROR, S.FAIL, K.INCOMPARABLE),
    (S.ERROR, S.PASS, K.INCOMPARABLE),
    (S.ERROR, S.MANUAL, K.INCOMPARABLE),
]
LOOSER = side(controls=(THINGS.model_copy(update={"checks": (
    THINGS.checks[0].model_copy(update={"when": "resource.ok"}),)}),))  # fmt: skip


def only(before: Side, after: Side) -> FindingChange:
    (change,) = compare(before, after).changes
    return change


@pytest.mark.parametrize(("was", "now", "kind"), BOTH)
def test_two_verdicts_on_one_resource(was: Status, now: Status, kind: ChangeKind) -> None:
    change = only(side(finding("a", was)), side(finding("a", now)))
    assert (change.kind, change.was, change.now) == (kind, was.value, now.value)
    assert change.is_new_failure == (now is S.FAIL)
    assert change.is_lost == (now in (S.ERROR, S.MANUAL) and was not in (S.ERROR, S.MANUAL))


@pytest.mark.parametrize("status", list(Status))
def test_the_same_verdict_is_no_change_whatever_it_is(status: Status) -> None:
    diff = compare(side(finding("a", status)), side(finding("a", status, reason="in other words")))
    assert diff.changes == ()
    assert diff.counts["unchanged"] == 1


def test_a_failure_that_got_more_severe_is_new() -> None:
    before = side(finding("a", S.FAIL, severity=Severity.LOW))
    change = only(before, side(finding("a", S.FAIL)))
    assert (change.kind, change.why, change.is_new_failure) == (K.NEW, "severity was low", True)


def test_a_verdict_by_another_policy_is_incomparable_and_still_a_new_failure() -> None:
    after = replace(LOOSER, findings=(finding("a", S.FAIL), finding("b", S.PASS)))
    before = side(finding("a", S.PASS), finding("b", S.FAIL))
    a, b = compare(before, after).changes
    assert (a.kind, a.is_new_failure) == (K.INCOMPARABLE, True)
    assert (b.kind, b.why) == (K.INCOMPARABLE, "judged by another policy")


def test_other_words_are_the_same_policy() -> None:
    check = THINGS.checks[0].model_copy(update={"title": "Every thing is in order"})
    after = side(finding("a", S.FAIL), controls=(THINGS.model_copy(update={"checks": (check,)}),))
    assert only(side(finding("a")), after).kind is K.NEW


def test_a_resource_of_another_uid_is_another_one() -> None:
    before = side(finding("a", S.FAIL, uid="1"))
    change = only(before, side(finding("a", S.PASS, uid="2")))
    assert (change.kind, change.is_new_failure) == (K.RECREATED, False)
    assert only(before, side(finding("a", S.FAIL, uid="2"))).is_new_failure


def test_a_uid_that_became_known_makes_no_other_resource() -> None:
    assert only(side(finding("a", S.FAIL)), side(finding("a", S.PASS, uid="2"))).kind is K.FIXED


def test_what_is_gone_has_vanished_only_from_a_population_that_was_read() -> None:
    before = side(finding("a", S.FAIL), finding("b"))
    assert only(before, side(finding("b"))).kind is K.VANISHED
    denied = finding("north", S.ERROR, pointer="", reason="no answer")
    gone, error = sorted(compare(before, side(finding("b"), denied)).changes, key=lambda c: c.now)
    assert (gone.kind, gone.is_lost) == (K.INCOMPARABLE, True)
    assert gone.why == "no longer judged: no answer"
    assert (error.kind, error.is_lost) == (K.INCOMPARABLE, False)


def test_a_resource_that_is_itself_in_error_hides_no_other() -> None:
    before = side(finding("a"), finding("b"))
    diff = compare(before, side(finding("b", S.ERROR)))
    assert [(c.kind, c.is_lost) for c in diff.changes] == [(K.VANISHED, False),
                                                          (K.INCOMPARABLE, True)]  # fmt: skip


def test_a_failing_population_that_is_there_again_is_fixed() -> None:
    empty = finding("", S.FAIL)
    kinds = {c.kind for c in compare(side(empty), side(finding("a"))).changes}
    assert kinds == {K.FIXED, K.APPEARED}


@pytest.mark.parametrize(
    ("changes", "why", "part"),
    [
        ({"controls": ()}, "the control is not judged any more", "control things"),
        ({"controls": (THINGS.model_copy(update={"checks": ()}),)}, "the check was removed",
         "control things"),
        ({"targets": ()}, "the target is out of scope", "target one"),
        ({}, "no longer judged: its scope leaves the target out", "control things"),
    ],
)  # fmt: skip
def test_what_the_policy_leaves_out_is_lost_and_says_by_what(
    changes: dict[str, Any], why: str, part: str
) -> None:
    change = only(side(finding("a", S.FAIL)), side(**changes))
    assert (change.kind, change.is_lost, change.why, change.removed_by) == (
        K.INCOMPARABLE, True, why, part,
    )  # fmt: skip


def test_what_was_in_error_and_is_gone_is_not_lost() -> None:
    diff = compare(side(finding("a", S.ERROR)), side(finding("b")))
    assert not any(change.is_lost for change in diff.changes)


_FINDINGS = st.lists(
    st.builds(finding, st.sampled_from("abcde"), st.sampled_from(list(Status)),
              uid=st.sampled_from(["", "1", "2"])),
    unique_by=lambda f: (f.key, f.uid), max_size=8,
)  # fmt: skip


@given(_FINDINGS, st.randoms(use_true_random=False))
def test_equal_findings_in_any_order_give_an_empty_diff(
    findings: list[Finding], chance: random.Random
) -> None:
    other = list(findings)
    chance.shuffle(other)
    again = side(*(Finding.from_json(f.to_json()) for f in other), run="20260702T000000Z-bbbbbb")
    diff = compare(side(*findings), again)
    assert diff.changes == ()
    assert diff.counts["unchanged"] == len(findings)


@given(_FINDINGS, _FINDINGS)
def test_every_failure_of_the_second_run_is_old_or_told(
    before: list[Finding], after: list[Finding]
) -> None:
    diff = compare(side(*before), side(*after))
    told = {id(change.after) for change in diff.changes if change.is_new_failure}
    failed = {(f.key, f.uid) for f in before if f.status is S.FAIL}
    old = {key for key, _uid in failed}
    for one in after:
        if one.status is S.FAIL and one.key not in old:
            assert id(one) in told


@given(_FINDINGS, _FINDINGS)
def test_order_changes_nothing(before: list[Finding], after: list[Finding]) -> None:
    one = compare(side(*before), side(*after))
    other = compare(side(*reversed(before)), side(*reversed(after)))
    assert one.to_json()["counts"] == other.to_json()["counts"]
