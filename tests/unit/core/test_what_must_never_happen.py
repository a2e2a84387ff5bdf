"""The contract of judgement: what must never happen. Each test is named after its rule.

Rules that other parts keep have their tests there: 11 and 12 need a comparison of runs, 14 and 18
the collectors, 15 the log (tests/unit/ledger, tests/unit/attest), 22 and 23 the renderers.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.app.assess import verdict_bytes
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.status import Cause, ControlStatus, Outcome, Status
from auditor.core.model.target import Target
from auditor.core.rollup import control_status, exit_code, outcome
from auditor.core.times import parse_duration, parse_instant
from auditor.errors import ExitCode
from tests.unit.core.build import (
    ENGINE,
    NOW,
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

COLLECTION_CAUSES = [
    Cause.DENIED,
    Cause.THROTTLED,
    Cause.TIMEOUT,
    Cause.UNREACHABLE,
    Cause.TRUNCATED,
    Cause.UNPARSABLE,
    Cause.NOT_SUPPORTED,
    Cause.EXPIRED_CREDENTIALS,
]


@pytest.mark.parametrize("cause", COLLECTION_CAUSES)
@pytest.mark.parametrize("on_empty", ["error", "fail", "not_applicable", "pass_stated"])
def test_rule_01_a_collection_error_is_an_error_finding_whatever_on_empty_says(
    cause: Cause, on_empty: str
) -> None:
    made = control(check(population={"on_empty": on_empty}))
    finding = only(judge(made, observation(gaps=(gap(cause),))))
    assert finding.status is Status.ERROR
    assert finding.cause is cause
    assert finding.action == "demo:Get"


def test_rule_01_a_gap_beside_resources_keeps_the_control_from_passing() -> None:
    judged = judge(control(), observation(thing("a"), gaps=(gap(subject="eu-west-2"),)))
    assert statuses(judged) == {"a": Status.PASS, "eu-west-2": Status.ERROR}
    assert control_status(judged.findings) is ControlStatus.ERROR


def test_rule_01_a_resource_that_is_called_like_a_fact_is_no_fact() -> None:
    unreachable = gap(Cause.UNREACHABLE, subject="facts.example.org:443")
    made = control(check(population={"on_empty": "pass_stated"}))
    finding = only(judge(made, observation(gaps=(unreachable,))))
    assert finding.status is Status.ERROR
    assert finding.key == "facts.example.org:443"


def test_rule_01_a_field_unread_inside_a_list_is_an_error() -> None:
    denied = thing("a", rules=[{"from_port": 22, "cidr": "10.0.0.0/8"}], unread={"rules[0]": gap()})
    made = control(check(**{"assert": [assertion("resource.rules.all(r, r.from_port != 22)")]}))
    assert only(judge(made, observation(denied))).cause is Cause.DENIED


@pytest.mark.parametrize("expr", ["resource.ok", "has(resource.note)", "!has(resource.note)"])
def test_rule_01_a_denied_field_is_an_error_also_behind_has(expr: str) -> None:
    denied = thing("a", ok=..., note=..., unread={"ok": gap(), "note": gap()})
    finding = only(judge(control(check(**{"assert": [assertion(expr)]})), observation(denied)))
    assert finding.status is Status.ERROR
    assert finding.cause is Cause.DENIED
    assert finding.hint == "grant demo:Get"


def test_rule_01_a_missing_field_is_an_error_also_behind_has() -> None:
    for expr in ("resource.ok", "has(resource.ok) || true"):
        made = control(check(**{"assert": [assertion(expr, absorbs="for the test")]}))
        finding = only(judge(made, observation(thing("a", ok=...))))
        assert finding.status is Status.ERROR
        assert finding.cause is Cause.MISSING_FIELD


def test_rule_01_nothing_collected_is_an_error() -> None:
    finding = only(judge(control()))
    assert finding.status is Status.ERROR
    assert finding.cause is Cause.NOT_COLLECTED


@pytest.mark.parametrize(
    ("on_empty", "status"),
    [
        ("error", Status.ERROR),
        ("fail", Status.FAIL),
        ("not_applicable", Status.NOT_APPLICABLE),
        ("pass_stated", Status.PASS),
    ],
)
def test_rule_02_an_empty_population_follows_on_empty_and_says_zero_items(
    on_empty: str, status: Status
) -> None:
    made = control(check(population={"on_empty": on_empty}))
    finding = only(judge(made, observation()))
    assert finding.status is status
    assert "0 " in finding.reason
    assert "item" in finding.reason


def test_rule_02_an_empty_population_is_an_error_while_what_it_depends_on_did_not_pass() -> None:
    first = check(id="first")
    second = check(population={"on_empty": "pass_stated", "depends_on": ["first"]}, id="second")
    made = control(second, first)
    for empty in (observation(), observation(gaps=(gap(),))):
        found = {f.check: f for f in judge(made, empty).findings}
        assert found["second"].status is Status.ERROR
    assert found["second"].cause is Cause.DENIED


def test_rule_02_emptiness_that_depends_on_a_check_nobody_made_is_an_error() -> None:
    first = check(id="first", scope="false")
    second = check(population={"on_empty": "pass_stated", "depends_on": ["first"]}, id="second")
    finding = only(judge(control(first, second), observation()))
    assert finding.status is Status.ERROR
    assert finding.cause is Cause.DEPENDENCY


def test_rule_03_a_check_without_a_target_is_listed_as_not_tested() -> None:
    judged = judge(control(check(scope='target.labels.team == "other"')))
    assert judged.findings == ()
    assert [(n.control, n.check) for n in judged.not_tested] == [("things", "thing")]
    assert "scope" in judged.not_tested[0].reason
    assert control_status([]) is ControlStatus.NOT_TESTED


def test_rule_03_a_scope_that_cannot_be_decided_keeps_the_target_in() -> None:
    made = policy(control(check(scope='target.labels.absent == "x"')))
    assert len(make_plan(made, ENGINE).checks) == 1


@pytest.mark.parametrize(
    ("expr", "cause"),
    [
        ("resource.note", Cause.TYPE_ERROR),
        ("resource.name", Cause.TYPE_ERROR),
        ("resource.ports", Cause.TYPE_ERROR),
        ("resource.tags.team == 'core'", Cause.MISSING_FIELD),
        ("resource.name > 1", Cause.TYPE_ERROR),
        ("resource.ports[3] == 1", Cause.EXPRESSION),
        ("resource.note.startsWith('x')", Cause.TYPE_ERROR),
        ("1 / 0 == 1", Cause.EXPRESSION),
    ],
)
def test_rule_04_neither_true_nor_false_is_an_error(expr: str, cause: Cause) -> None:
    made = control(check(**{"assert": [assertion(expr)]}))
    finding = only(judge(made, observation(thing())))
    assert finding.status is Status.ERROR
    assert finding.cause is cause
    assert finding.assertions[0].truth == "undecided"


@pytest.mark.parametrize("value", ["yes", 1, None, [], {}, "true"])
def test_rule_04_a_wrongly_typed_field_is_an_error(value: object) -> None:
    finding = only(judge(control(), observation(thing(ok=value))))
    assert finding.status is Status.ERROR
    assert finding.cause is Cause.TYPE_ERROR


def test_rule_04_when_that_is_not_a_boolean_is_an_error_not_not_applicable() -> None:
    finding = only(judge(control(check(when="resource.note")), observation(thing())))
    assert finding.status is Status.ERROR


def test_rule_05_an_absorbed_error_is_recorded() -> None:
    expr = "resource.ok || resource.tags.team == 'core'"
    made = control(check(**{"assert": [assertion(expr, absorbs="ok needs no team")]}))
    finding = only(judge(made, observation(thing())))
    assert finding.status is Status.PASS
    assert finding.assertions[0].detail == "absorbed: field `team` is missing"


def test_rule_05_an_unread_field_is_not_absorbed_unless_the_author_says_so() -> None:
    unread = thing("a", note=..., unread={"note": gap()})
    expr = "resource.ok || resource.note == 'x'"
    silent = control(check(**{"assert": [assertion(expr)]}))
    stated = control(check(**{"assert": [assertion(expr, absorbs="ok needs no note")]}))
    assert only(judge(silent, observation(unread))).status is Status.ERROR
    assert only(judge(stated, observation(unread))).status is Status.PASS


def test_rule_05_one_bad_resource_is_not_hidden_by_another() -> None:
    judged = judge(control(), observation(thing("a"), thing("b", ok=False), thing("c", ok=...)))
    assert statuses(judged) == {"a": Status.PASS, "b": Status.FAIL, "c": Status.ERROR}


def test_rule_05_all_assertions_are_evaluated_and_the_undecided_stand_beside_the_false() -> None:
    made = control(
        check(
            **{
                "assert": [
                    assertion(id="first", severity="low"),
                    assertion("resource.name == 'z'", id="second", severity="critical"),
                    assertion("resource.tags.x == ''", id="third"),
                ]
            }
        )
    )
    finding = only(judge(made, observation(thing(ok=False))))
    assert finding.status is Status.FAIL
    assert finding.severity.value == "critical"
    assert [a.truth for a in finding.assertions] == ["false", "false", "undecided"]
    assert "not decided: field `x` is missing" in finding.reason


BAD = observation(thing("bad", ok=False))


def test_rule_06_a_valid_waiver_waives_and_stays_visible() -> None:
    finding = only(judge(control(), BAD, waivers=[waiver()]))
    assert finding.status is Status.WAIVED
    assert finding.waiver == "W-1"
    assert "bad is not ok" in finding.reason


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": "2026-03-31T12:00:00Z"}, "expired"),
        ({"approved_at": "2026-03-31T12:00:01Z"}, "approved only from"),
        ({"requested_by": "carl"}, "requested it"),
        ({"approved_by": "olga owner"}, "owns the control"),
        ({"approved_by": "head-of-things"}, "owns the control"),
        ({"approved_by": "OLGA  Owner "}, "owns the control"),
        ({"approved_by": "Olga@example.org"}, "owns the control"),
        ({"requested_by": " Carl"}, "requested it"),
        ({"environments": ["staging"]}, "it is for staging"),
        ({"approved_at": "2025-12-01T00:00:00Z"}, "180 days"),
        ({"signature": "it is not signed"}, "not signed"),
        ({"match": "resource.tags.x == '1'"}, "could not be decided"),
    ],
)
def test_rule_06_a_waiver_that_does_not_hold_is_refused_and_named(
    change: dict[str, object], why: str
) -> None:
    finding = only(judge(control(), BAD, waivers=[waiver(**change)]))  # type: ignore[arg-type]
    assert finding.status is Status.FAIL
    assert finding.waiver == "W-1"
    assert why in finding.reason


def test_rule_06_a_waiver_that_matches_more_than_approved_is_refused_for_all() -> None:
    both = observation(thing("bad", ok=False), thing("bad-2", ok=False))
    wide = waiver(match="resource.name.startsWith('bad')")
    judged = judge(control(), both, waivers=[wide])
    assert set(statuses(judged).values()) == {Status.FAIL}
    assert "matches 2 resources" in judged.findings[0].reason


def test_rule_06_a_passing_resource_counts_against_the_approved_number() -> None:
    both = observation(thing("bad", ok=False), thing("bad-2"))
    wide = waiver(match="resource.name.startsWith('bad')")
    assert statuses(judge(control(), both, waivers=[wide]))["bad"] is Status.FAIL


def test_rule_06_a_waiver_does_not_cover_what_was_not_decided() -> None:
    made = control(check(**{"assert": [assertion(), assertion("resource.tags.x == ''", id="tag")]}))
    finding = only(judge(made, BAD, waivers=[waiver()]))
    assert finding.status is Status.ERROR


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"as_of": NOW - timedelta(hours=24, seconds=1)}, Cause.STALE),
        ({"as_of": NOW + timedelta(minutes=4)}, Cause.FUTURE),
        ({"environment": "staging"}, Cause.OTHER_TARGET),
    ],
)
def test_rule_07_stale_future_and_foreign_evidence_is_an_error(
    change: dict[str, object], cause: Cause
) -> None:
    finding = only(judge(control(), observation(thing(), **change)))
    assert finding.status is Status.ERROR
    assert finding.cause is cause


def test_rule_07_evidence_read_long_after_the_moment_of_judgement_is_an_error() -> None:
    later = NOW + timedelta(days=200)
    made = observation(thing(), started_at=later, read_at=later, as_of=later)
    assert only(judge(control(), made)).cause is Cause.FUTURE


def test_rule_07_evidence_exactly_as_old_as_allowed_counts() -> None:
    made = observation(thing(), as_of=NOW - timedelta(hours=24))
    assert only(judge(control(), made)).status is Status.PASS


def test_rule_07_evidence_of_another_target_is_an_error() -> None:
    made = observation(thing())
    chosen = policy(control())
    plan = make_plan(chosen, ENGINE)
    foreign = Observation.from_json({**made.to_json(), "target": "prod-2"})
    from auditor.core.evaluate import evaluate

    judged = evaluate(chosen, plan, {("prod-1", "demo.thing"): foreign}, NOW, ENGINE)
    assert only(judged).cause is Cause.OTHER_TARGET


@pytest.mark.parametrize(
    "text",
    ["2026-03-31", "2026-03-31T12:00:00", "2026-03-31T12:00", "31.3.2026", "", "now", 20260331],
)
def test_rule_08_a_time_without_a_zone_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["1mo", "1y", "2w", "P1M", "90", "1.5d", "-1d", "", None, 30])
def test_rule_08_months_years_and_bare_numbers_are_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="expected a number and a unit"):
        parse_duration(text)


def test_rule_08_remaining_life_is_not_rounded_up() -> None:
    made = control(
        check(**{"assert": [assertion("resource.since - now >= param.left")]}),
        parameters={
            "left": {"type": "duration", "default": "21d", "doc": "the shortest life left"}
        },
    )
    just_short = (NOW + timedelta(days=21) - timedelta(seconds=1)).isoformat()
    exactly = (NOW + timedelta(days=21)).isoformat()
    assert only(judge(made, observation(thing(since=just_short)))).status is Status.FAIL
    assert only(judge(made, observation(thing(since=exactly)))).status is Status.PASS


def test_rule_09_one_moment_is_used_for_the_whole_judgement() -> None:
    expr = "now == timestamp('2026-03-31T12:00:00Z')"
    made = control(check(**{"assert": [assertion(expr), assertion(expr, id="again")]}))
    judged = judge(made, observation(thing("a"), thing("b")))
    assert set(statuses(judged).values()) == {Status.PASS}


def test_rule_10_a_missing_slot_of_time_is_a_finding_of_its_own() -> None:
    made = control(
        check(
            population={
                "on_empty": "fail",
                "schedule": {"every": "24h", "window": "param.kept", "at": "resource.since"},
            }
        ),
        parameters={"kept": {"type": "duration", "default": "3d", "doc": "how long it is kept"}},
    )
    days = ["2026-03-29T03:00:00Z", "2026-03-31T03:00:00Z"]
    judged = judge(made, observation(*(thing(day, since=day) for day in days)))
    assert statuses(judged)["2026-03-30T00:00:00Z"] is Status.FAIL
    assert len(judged.findings) == 3


def test_rule_12_a_recreated_resource_of_the_same_name_is_another_finding() -> None:
    before = only(judge(control(), observation(thing(uid="AIDA1"))))
    after = only(judge(control(), observation(thing(uid="AIDA2"))))
    assert before.id == after.id
    assert before.fingerprint != after.fingerprint


def test_rule_16_resources_with_one_key_are_all_in_error() -> None:
    judged = judge(control(), observation(thing("a"), thing("a", ok=False), thing("b")))
    assert statuses(judged) == {"a": Status.ERROR, "b": Status.PASS}
    assert judged.findings[0].cause is Cause.DUPLICATE_KEY


def test_rule_16_equal_keys_on_two_targets_are_two_findings() -> None:
    other = Target("prod-2", "demo", "prod")
    judged = judge(
        control(),
        observation(thing()),
        observation(thing(ok=False), target="prod-2"),
        targets=[Target("prod-1", "demo", "prod"), other],
    )
    assert [f.status for f in judged.findings] == [Status.PASS, Status.FAIL]
    assert len({f.fingerprint for f in judged.findings}) == 2


@pytest.mark.parametrize("key", ["resource.note", "resource.ports", "''", "resource.tags.x"])
def test_rule_16_a_key_that_is_no_text_is_an_error(key: str) -> None:
    assert only(judge(control(check(key=key)), observation(thing()))).status is Status.ERROR


def test_completeness_a_count_that_does_not_agree_is_an_error() -> None:
    rule = {"expr": "size(resources) == facts.count", "why": "rows equal the count"}
    made = control(check(population={"reconcile": rule}))
    judged = judge(made, observation(thing(), facts={"count": 300}))
    assert statuses(judged) == {"a": Status.PASS, "": Status.ERROR}
    assert judged.findings[0].cause is Cause.INCOMPLETE
    unknown = judge(made, observation(thing(), facts={}))
    assert statuses(unknown)[""] is Status.ERROR


def test_completeness_a_count_that_was_denied_concerns_only_the_checks_that_use_it() -> None:
    rule = {"expr": "size(resources) == facts.count", "why": "rows equal the count"}
    uses, other = check(population={"reconcile": rule}), check(id="other")
    denied = observation(thing(), facts={}, gaps=(gap(subject="facts.count"),))
    found = {(f.check, f.key): f for f in judge(control(uses, other), denied).findings}
    assert found["thing", "facts.count"].action == "demo:Get"
    assert [key for key in found if key[0] == "other"] == [("other", "a")]


def test_completeness_what_a_check_does_not_apply_to_covers_nothing_expected() -> None:
    made = control(check(when="resource.ok", population={"expected": "inventory.names"}))
    judged = judge(made, observation(thing("a"), thing("b", ok=False)))
    assert [(f.key, f.status) for f in judged.findings] == [("a", Status.PASS), ("b", Status.FAIL)]


def test_rule_21_only_not_applicable_is_nothing_evaluated() -> None:
    judged = judge(control(check(when="false")), observation(thing("a")))
    assert outcome(judged.findings) is Outcome.NOTHING_EVALUATED


def test_completeness_an_expected_member_that_is_missing_fails_when_all_was_read() -> None:
    made = control(check(population={"expected": "inventory.names"}))
    assert statuses(judge(made, observation(thing("a"))))["b"] is Status.FAIL
    partial = judge(made, observation(thing("a"), gaps=(gap(subject="page 2"),)))
    assert statuses(partial)["b"] is Status.ERROR


def test_rule_21_nothing_evaluated_is_never_exit_0() -> None:
    assert exit_code(outcome([])) is ExitCode.NOTHING_EVALUATED
    assert outcome([]) is Outcome.NOTHING_EVALUATED


def test_rule_21_incomplete_evidence_outranks_failing_controls() -> None:
    judged = judge(control(), observation(thing("a", ok=False), thing("b", ok=...)))
    assert outcome(judged.findings) is Outcome.INCOMPLETE
    assert exit_code(Outcome.INCOMPLETE) is ExitCode.INCOMPLETE


THINGS = st.lists(
    st.builds(
        lambda name, ok, uid: thing(name, ok=ok, uid=uid),
        st.text(st.characters(codec="utf-8"), max_size=4),
        st.sampled_from([True, False, None, "yes", ...]),
        st.sampled_from(["", "u1", "u2"]),
    ),
    max_size=6,
)


@given(THINGS)
def test_rule_24_equal_inputs_give_equal_bytes(things: list[Resource]) -> None:
    first = verdict_bytes(judge(control(), observation(*things)))
    assert first == verdict_bytes(judge(control(), observation(*things)))


@given(THINGS)
def test_law_adding_a_failing_resource_never_improves_the_control(things: list[Resource]) -> None:
    rank = [ControlStatus.FAIL, ControlStatus.ERROR, ControlStatus.PASS]
    before = judge(control(), observation(*things)).findings
    after = judge(control(), observation(*things, thing("added", ok=False))).findings
    status_before, status_after = control_status(before), control_status(after)
    assert rank.index(status_after) <= rank.index(status_before)


@given(THINGS)
def test_law_roll_up_does_not_depend_on_order(things: list[Resource]) -> None:
    findings = judge(control(), observation(*things)).findings
    assert control_status(findings) is control_status(tuple(reversed(findings)))
