"""Roll-ups: the same findings give the same sums in any order, and nothing is called met."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.finding import Finding
from auditor.core.model.status import ControlStatus, Outcome, Severity, Status
from auditor.core.rollup import (
    control_status,
    count,
    exit_code,
    outcome,
    roll_up_controls,
    roll_up_requirements,
)
from auditor.errors import ExitCode
from tests.unit.core.build import check, control
from tests.unit.core.model.test_policy import FRAMEWORK

ONE = control(id="one", maps={"demo": [{"id": "D1", "strength": "full"}]})
TWO = control(check(), id="two", maps={"demo": [{"id": "D1", "strength": "supporting"}], "x": []})
FINDINGS = st.lists(
    st.builds(
        Finding,
        control=st.sampled_from(["one", "two"]),
        check=st.just("thing"),
        target=st.just("t"),
        key=st.sampled_from("abcdef"),
        status=st.sampled_from(Status),
        severity=st.sampled_from(Severity),
    ),
    max_size=8,
)
UNTESTED = [NotTested("one", "thing", "no target"), NotTested("two", "thing", "no target")]
# Worst first: semantics.md, 2. A waived finding counts as pass.
ORDER = [Status.FAIL, Status.ERROR, Status.MANUAL, Status.PASS, Status.NOT_APPLICABLE]


@given(st.data(), FINDINGS)
def test_law_no_sum_depends_on_order(data: st.DataObject, findings: list[Finding]) -> None:
    shuffled = data.draw(st.permutations(findings))
    one = roll_up_controls([ONE, TWO], findings, UNTESTED)
    other = roll_up_controls([TWO, ONE], shuffled, UNTESTED)
    assert one == other
    assert roll_up_requirements([FRAMEWORK], one) == roll_up_requirements([FRAMEWORK], other)
    assert outcome(findings) == outcome(shuffled)


@given(FINDINGS)
def test_law_a_control_takes_its_worst_status(findings: list[Finding]) -> None:
    statuses = [Status.PASS if f.status is Status.WAIVED else f.status for f in findings]
    worst = min(statuses, key=ORDER.index).value if statuses else "not_tested"
    assert control_status(findings).value == worst


@given(FINDINGS)
def test_law_every_finding_is_counted_once(findings: list[Finding]) -> None:
    results = roll_up_controls([ONE, TWO], findings, [])
    assert sum(sum(r.counts.values()) for r in results) == len(findings)
    assert sum(count(findings).values()) == len(findings)
    assert set(count([])) == {status.value for status in Status}
    for result in results:
        bad = [
            f.severity
            for f in findings
            if f.control == result.control.id and f.status in (Status.FAIL, Status.ERROR)
        ]
        assert result.severity.rank == min((s.rank for s in bad), default=Severity.INFO.rank)


@given(FINDINGS)
def test_law_a_requirement_shows_tested_not_tested_and_deviations(findings: list[Finding]) -> None:
    first, second = roll_up_requirements(
        [FRAMEWORK], roll_up_controls([ONE, TWO], findings, UNTESTED)
    )
    assert (first.id, first.controls) == ("D1", ("one", "two"))
    assert sorted([*first.tested, *first.not_applicable, *first.not_tested]) == ["one", "two"]
    assert {*first.tested, *first.not_applicable} == {f.control for f in findings}
    judged = {f.control for f in findings if f.status is not Status.NOT_APPLICABLE}
    assert set(first.tested) == judged
    sums = count(findings)
    assert first.deviations == sums["fail"]
    assert first.undecided == sums["error"] + sums["manual"]
    assert first.waived == sums["waived"]
    # One that no control is mapped to is there, with nothing tested.
    assert (second.id, second.controls, second.tested, second.deviations) == ("D2", (), (), 0)
    assert second.to_json()["not_tested"] == []


def test_a_control_that_nothing_judged_says_why() -> None:
    first, second = roll_up_controls([TWO, ONE], [], UNTESTED[1:])
    assert (first.control.id, first.status) == ("one", ControlStatus.NOT_TESTED)
    assert second.to_json()["not_tested"] == [
        {"control": "two", "check": "thing", "reason": "no target"}
    ]


@given(FINDINGS, st.sampled_from(Severity))
def test_law_the_outcome_is_ok_only_when_all_was_judged_and_nothing_counts(
    findings: list[Finding], threshold: Severity
) -> None:
    undecided = [f for f in findings if f.status in (Status.ERROR, Status.MANUAL)]
    failing = [f for f in findings if f.status is Status.FAIL and f.severity.rank <= threshold.rank]
    result = outcome(findings, threshold)
    judged = [f for f in findings if f.status is not Status.NOT_APPLICABLE]
    assert (result is Outcome.OK) == (bool(judged) and not undecided and not failing)
    assert (result is Outcome.NOTHING_EVALUATED) == (not judged)
    assert (result is Outcome.INCOMPLETE) == bool(undecided)


@pytest.mark.parametrize("result", Outcome)
def test_every_outcome_has_the_exit_code_of_its_name(result: Outcome) -> None:
    assert exit_code(result) is ExitCode[result.name]
    assert (exit_code(result) == 0) == (result is Outcome.OK)
