"""Values of a query's parameters, and evidence that another query has read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.core.evaluate import evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.evaluate.queries import QUERY_VARIABLES, bind_values, bound_texts
from auditor.core.expression.interface import UndecidedError
from auditor.core.model.control import Control, query_types
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Observation
from auditor.core.model.policy import Policy
from auditor.core.model.query import query_digest
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.unit.core.build import ENGINE, NOW, check, control, observation, thing

TEXT = "SELECT name, ok FROM audit_views.things WHERE at < :before"
QUERY: dict[str, Any] = {
    "title": "Thing",
    "text": TEXT,
    "count": "SELECT count(*) FROM audit_views.things WHERE at < :before",
    "bind": {"before": "now - param.max_age"},
    "columns": {"name": "string", "ok": "bool"},
}
FACTS = {"query_sha256": query_digest(TEXT), "bound": {"before": "2026-03-24T12:00:00Z"}}
TARGET = Target("prod-1", "sql-server", "prod")


def queried(**change: object) -> Control:
    parameter = {"type": "duration", "default": "7d", "doc": "age that a thing may reach"}
    more = {"collector": "sql", "resource": "sql.thing", "query": QUERY | change}
    return control(check(**more), parameters={"max_age": parameter})


def judged(made: Control, seen: Observation) -> list[Finding]:
    policy = Policy(
        (made,), (), (TARGET,), ("prod",), query_types([made]), kinds={"sql": ("sql-server",)}
    )
    assert Policy.from_json(policy.to_json()) == policy
    plan = make_plan(policy, ENGINE)
    return list(evaluate(policy, plan, {("prod-1", "sql.thing"): seen}, NOW, ENGINE).findings)


def seen(**more: Any) -> Observation:
    fields = {"resource_type": "sql.thing", "facts": FACTS} | more
    return observation(thing("a"), **fields)


def test_evidence_of_the_query_is_judged() -> None:
    assert [one.status.value for one in judged(queried(), seen())] == ["pass"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({**FACTS, "query_sha256": query_digest("SELECT 1")}, "by another query"),
        ({**FACTS, "bound": {"before": "2026-03-25T12:00:00Z"}}, "the check asks for"),
        ({**FACTS, "bound": {}}, "the check asks for"),
        ({}, "does not say by which query"),
    ],
)
def test_evidence_of_another_query_is_an_error(facts: dict[str, object], said: str) -> None:
    findings = judged(queried(), seen(facts=facts))
    assert [(one.status.value, one.cause) for one in findings] == [("error", Cause.NOT_COLLECTED)]
    assert said in findings[0].reason


def test_a_gap_tells_more_than_a_query_that_was_not_asked() -> None:
    gap = Gap(Cause.DENIED, "not allowed", action="SELECT ON audit_views.things")
    findings = judged(queried(), observation(resource_type="sql.thing", facts={}, gaps=(gap,)))
    assert [one.cause for one in findings] == [Cause.DENIED]


def test_the_text_of_any_dialect_is_known() -> None:
    texts = {"postgres": "SELECT name, ok FROM things WHERE at < :before", "mysql": TEXT}
    counts = {name: str(QUERY["count"]) for name in texts}
    made = queried(text=texts, count=counts)
    assert [one.status.value for one in judged(made, seen())] == ["pass"]


def test_a_parameter_that_was_changed_since_is_noticed() -> None:
    made = queried(bind={"before": 'now - duration("1h")'})
    findings = judged(replace_unused(made), seen())
    assert [one.status.value for one in findings] == ["error"]


def replace_unused(made: Control) -> Control:
    return made.model_copy(update={"parameters": {}})


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("now", NOW, "2026-03-31T12:00:00Z"),
        ("param.number", 3, "3"),
        ("param.share", 0.5, "0.5"),
        ("param.flag", True, "true"),
        ("!param.flag", False, "false"),
        ("param.names", ["a", "b"], '["a","b"]'),
        ("param.name", "x", "x"),
    ],
)
def test_values_have_their_types(text: str, value: object, shown: str) -> None:
    bound = bind_values({"v": ENGINE.compile(text, QUERY_VARIABLES)}, VARIABLES, ENGINE)
    assert bound == {"v": value}
    assert type(bound["v"]) is type(value)
    assert bound_texts(bound) == {"v": shown}


VARIABLES: dict[str, object] = {
    "now": datetime(2026, 3, 31, 12, tzinfo=UTC),
    "param": {
        "number": 3,
        "share": 0.5,
        "flag": True,
        "names": ["a", "b"],
        "empty": [],
        "name": "x",
        "span": timedelta(days=1),
    },
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("param.span", "a duration is no value of SQL"),
        ("param.empty", "a list of one type"),
        ("[1, 'a']", "a list of one type"),
        ("[[1]]", "a list of one type"),
        ("null", "is no value of SQL"),
        ("param", "is no value of SQL"),
        ("param.gone", "gone"),
    ],
)
def test_what_is_no_value_is_undecided(text: str, said: str) -> None:
    with pytest.raises(UndecidedError, match=said):
        bind_values({"v": ENGINE.compile(text, QUERY_VARIABLES)}, VARIABLES, ENGINE)


def test_evidence_without_its_facts_does_not_pass_for_a_gap_of_a_fact() -> None:
    changed = replace(seen(), facts={"bound": FACTS["bound"]})
    assert [one.status.value for one in judged(queried(), changed)] == ["error"]
