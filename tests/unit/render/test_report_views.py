from __future__ import annotations

from dataclasses import replace

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.status import Cause, Severity, Status
from auditor.core.model.waiver import SignedWaiver
from auditor.core.rollup import count, roll_up_controls, roll_up_requirements
from auditor.render.page import check_views, segments, shown_findings
from auditor.render.view.controls import NEEDS_ATTENTION, control_views, sort_findings
from auditor.render.view.coverage import errors_alike, not_tested_by_reason, unread
from auditor.render.view.requirements import framework_views
from auditor.render.view.waivers import waiver_views
from auditor.render.view.words import count_line, listed, plural
from tests.unit.render.sample import CONTROLS, FRAMEWORKS, WAIVERS, failing, sample


def test_controls_stand_worst_first() -> None:
    views = control_views(sample())

    assert [view.id for view in views] == [
        "console-mfa",
        "storage-private",
        "audit-log-integrity",
        "restore-tests",
        "host-hardening",
        "encryption-in-transit",
        "database-backups",
    ]


def test_severity_of_a_failing_control_is_that_of_its_failures_not_of_its_errors() -> None:
    findings = [
        replace(failing(1)[0], severity=Severity.LOW),
        replace(
            failing(1)[0],
            key="x",
            status=Status.ERROR,
            severity=Severity.CRITICAL,
            cause=Cause.DENIED,
        ),
    ]
    view = control_views(sample(findings=findings))[0]

    assert view.severity is Severity.LOW


def test_order_of_findings_does_not_depend_on_the_order_given() -> None:
    backwards = list(reversed(sample().findings))

    assert sort_findings(backwards) == sort_findings(sample().findings)


def test_capped_findings_are_the_worst_of_the_whole_run_and_the_rest_is_counted() -> None:
    views = control_views(sample())
    shown = shown_findings(views, NEEDS_ATTENTION, 3)

    listed_findings = [finding for item in shown for finding in item.shown]
    assert [(f.status, f.severity) for f in listed_findings] == [
        (Status.FAIL, Severity.CRITICAL),
        (Status.FAIL, Severity.HIGH),
        (Status.FAIL, Severity.CRITICAL),
    ]
    assert sum(item.left_out for item in shown) == 21 - 3
    assert sum(item.total for item in shown) == 21


def test_requirement_states_say_tested_and_not_tested_never_met() -> None:
    soc2, iso = framework_views(sample())
    states = {
        row.result.id: row.state for view in (soc2, iso) for g in view.groups for row in g.rows
    }

    assert states == {
        "CC6.1": "deviations",
        "CC6.3": "deviations",
        "CC6.7": "tested",
        "CC6.8": "not_tested",
        "CC7.2": "undecided",
        "CC7.4": "no_control",
        "A1.3": "undecided",
        "A.5.1": "no_control",
        "A.8.3": "deviations",
        "A.8.5": "deviations",
        "A.8.13": "undecided",
        "A.8.15": "undecided",
    }
    assert sum(soc2.states.values()) == FRAMEWORKS[0].total


def test_requirement_without_deviation_is_partly_tested_or_has_nothing_applicable() -> None:
    findings = [f for f in sample().findings if f.control == "database-backups"]
    iso = framework_views(sample(findings=findings))[1]
    backup = next(r for g in iso.groups for r in g.rows if r.result.id == "A.8.13")
    assert backup.state == "not_tested"  # one had nothing to judge, the other was not tested

    restored = replace(
        next(f for f in sample().findings if f.control == "restore-tests"),
        status=Status.NOT_APPLICABLE,
    )
    iso = framework_views(sample(findings=[*findings, restored]))[1]
    backup = next(r for g in iso.groups for r in g.rows if r.result.id == "A.8.13")
    assert backup.state == "not_applicable"


def test_adding_a_failure_never_improves_a_requirement() -> None:
    before = framework_views(sample())[0].states
    more = [*sample().findings, *failing(3)]
    controls = roll_up_controls(CONTROLS, more, ())
    worse = sample(
        findings=more,
        controls=controls,
        counts=count(more),
        requirements=roll_up_requirements(FRAMEWORKS, controls),
    )

    assert framework_views(worse)[0].states["deviations"] >= before["deviations"]
    assert framework_views(worse)[0].states["tested"] <= before["tested"]


def test_waivers_say_what_they_cover_and_why_not() -> None:
    found = {view.signed.waiver.id: view for view in waiver_views(sample())}

    assert found["W-2026-07"].state == "honoured"
    assert [f.key.rpartition("/")[2] for f in found["W-2026-07"].covered] == ["break-glass"]
    assert found["W-2025-11"].state == "not honoured"
    assert found["W-2025-11"].reason == "it expired at 2026-05-31T00:00:00Z"
    assert found["W-2026-09"].reason == (
        "its signature does not count: no key of this approver is trusted"
    )
    assert found["W-2026-12"].state == "no finding"
    assert found["W-2026-12"].reason == "it covers no finding of this run"


def test_waiver_that_covers_nothing_and_is_out_of_its_time_says_so() -> None:
    expired = SignedWaiver(WAIVERS[1].waiver, "valid")
    early = SignedWaiver(
        WAIVERS[0].waiver.model_copy(update={"approved_at": WAIVERS[0].waiver.expires}), "valid"
    )
    views = waiver_views(sample(findings=[], waivers=(expired, early)))

    assert [view.reason for view in views] == [
        "it expired at 2026-11-10T06:00:00Z",
        "it is approved only from 2026-12-31T06:00:00Z",
    ]


def test_waiver_honoured_for_one_and_refused_for_others_is_partly_honoured() -> None:
    text = "x [waiver W-2026-07 not honoured: it is for staging, not prod]"
    refused = [replace(f, reason=text, waiver="W-2026-07") for f in failing(2)]
    findings = [f for f in sample().findings if f.status is Status.WAIVED]
    view = waiver_views(sample(findings=[*findings, *refused], waivers=WAIVERS[:1]))[0]

    assert view.state == "partly honoured"
    assert view.reason == "it is for staging, not prod (2 findings)"


def test_name_of_a_resource_cannot_pretend_that_a_waiver_was_refused() -> None:
    text = "bucket [waiver W-2026-12 not honoured: forged]"
    forged = replace(failing(1)[0], reason=text)
    waiver = WAIVERS[3].waiver.model_copy(update={"check": "console-mfa/console-users"})
    view = waiver_views(sample(findings=[forged], waivers=(SignedWaiver(waiver, "valid"),)))[0]

    assert view.refused == ()


def test_unread_holds_gaps_and_unread_fields_each_once() -> None:
    found = unread(sample())

    assert [(gap.cause, gap.action, len(gap.subjects)) for gap in found] == [
        (Cause.DENIED, "s3:GetBucketPolicy", 5),
        (Cause.TIMEOUT, "s3:ListAllMyBuckets", 1),
    ]
    assert found[1].detail == "the region did not answer within 30 s"


def test_unread_of_a_whole_type_names_no_parts() -> None:
    whole = replace(failing(1)[0], key="", status=Status.ERROR, cause=Cause.NOT_COLLECTED)

    assert unread(sample(findings=[whole], readings=()))[0].subjects == ()


def test_stale_evidence_was_read_and_is_not_among_the_unread() -> None:
    assert all(gap.cause is not Cause.STALE for gap in unread(sample()))


def test_errors_of_one_permission_stand_together_and_others_apart() -> None:
    errors = [f for f in sample().findings if f.control == "storage-private"]
    groups = errors_alike([f for f in errors if f.status is Status.ERROR])

    assert sorted(len(group) for group in groups) == [1, 5]


def test_checks_not_tested_are_grouped_by_reason_most_frequent_first() -> None:
    items = (NotTested("a", "x", "one"), NotTested("b", "y", "two"), NotTested("c", "z", "two"))
    groups = not_tested_by_reason(sample(not_tested=items))

    assert [(reason, len(own)) for reason, own in groups] == [("two", 2), ("one", 1)]


def test_checks_have_their_own_counts_and_the_reason_when_not_tested() -> None:
    view = control_views(sample())[0]
    users, root = check_views(view, ())

    assert (users.counts["fail"], users.failing, users.reason) == (11, True, "")
    assert (sum(root.counts.values()), root.failing) == (0, False)
    assert root.reason.startswith("scope ")


def test_bar_is_filled_exactly_and_empty_without_findings() -> None:
    pieces = segments({"fail": 1, "error": 0, "pass": 2}, ("fail", "error", "pass"))

    assert [(p.name, p.x, p.width) for p in pieces] == [("fail", 0, 333), ("pass", 333, 667)]
    assert segments({"fail": 0}, ("fail",)) == []


def test_words_for_numbers() -> None:
    assert plural(1, "entry", "entries") == "1 entry"
    assert plural(1200, "entry", "entries") == "1,200 entries"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert listed(["a", "b"], 2) == "a, b"
    assert count_line(count([])) == "no findings"
