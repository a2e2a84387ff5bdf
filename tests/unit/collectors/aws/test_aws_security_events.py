"""Which events of the CIS benchmark a filter pattern finds: wider is fine, narrower is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.aws.facts.security_events import EVENTS, found_events, security_filters

ROOT = (
    '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && '
    '$.eventType != "AwsServiceEvent" }'
)
TRAIL = ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging")


def _either(*names: str) -> str:
    return "{ " + " || ".join(f"($.eventName = {name})" for name in names) + " }"


@pytest.mark.parametrize("event", EVENTS)
def test_the_benchmarks_own_pattern_finds_its_event(event: str) -> None:
    assert event in found_events(f"{{ {EVENTS[event]} }}")


def test_there_are_fourteen_events() -> None:
    assert len(EVENTS) == 14


@pytest.mark.parametrize(
    "pattern",
    [
        ROOT.replace(" && ", "&&").replace(" = ", "=").replace(" != ", "!="),
        ROOT.replace('"Root"', "Root").replace("NOT EXISTS", "not exists"),
        '{ $.eventType != "AwsServiceEvent" && ($.userIdentity.type = "Root") }',
        '{ $.userIdentity.type = "Root" }',
        '{ ($.userIdentity.type = "Root") || ($.eventName = "DeleteTrail") }',
    ],
)
def test_order_quotes_and_wider_conditions_do_not_matter(pattern: str) -> None:
    assert found_events(pattern) == ["root-use"]


@pytest.mark.parametrize(
    "pattern",
    [
        ROOT.replace("}", '&& $.awsRegion = "eu-west-1" }'),
        '{ $.userIdentity.type = "root" }',
        '{ $.userIdentity.type != "Root" }',
        '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy EXISTS }',
        _either(*TRAIL[:4]),
        "{ ($.eventName = DeleteTrail) && ($.eventName = StopLogging) }",
        "ERROR",
        "",
        "{ }",
        "{ $.a = }",
        "{ ($.a = 1 }",
        "{ $.a = 1 ) }",
        "{ $.a > 1 }",
        "{ $.a IS }",
        "{ && }",
        '"Root"',
        "[ip, user, status = 403]",
        "{ " + " && ".join(f"($.a{n} = 1 || $.b{n} = 1)" for n in range(12)) + " }",
    ],
)
def test_what_is_narrower_or_no_pattern_finds_nothing(pattern: str) -> None:
    assert found_events(pattern) == []


@given(st.permutations(TRAIL))
def test_the_order_of_names_does_not_matter(names: list[str]) -> None:
    assert found_events(_either(*names)) == ["trail-changes"]


@given(st.text(alphabet='{}()$.=!&|" aN', max_size=40))
def test_any_text_is_understood_or_finds_nothing(pattern: str) -> None:
    assert found_events(pattern) == []


def test_and_binds_closer_than_or() -> None:
    names = " || ".join(f"$.eventName = {name}" for name in TRAIL[1:])
    assert found_events(f"{{ $.eventName = CreateTrail && $.x = 1 || {names} }}") == []
    assert found_events(f"{{ $.eventName = CreateTrail || {names} && $.x = 1 }}") == []


def test_a_filter_is_a_row_for_each_event_that_it_finds() -> None:
    both = f"{{ ($.userIdentity.type = Root) || {_either(*TRAIL)[2:-2]} }}"
    change = {"metricName": "m", "metricNamespace": "Security"}
    one = {"filterName": "f", "logGroupName": "g", "filterPattern": both}
    rows = security_filters([{**one, "metricTransformations": [change]}])
    assert [row["event"] for row in rows] == ["root-use", "trail-changes"]
    assert rows[0] == {
        "event": "root-use",
        "filter": "f",
        "log_group": "g",
        "metric": "Security/m",
    }


@pytest.mark.parametrize("filters", [None, [{}], [{"metricTransformations": [{}]}]])
def test_filters_of_another_form_are_refused(filters: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        security_filters(filters)
