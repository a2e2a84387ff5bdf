"""The policy of a run: stored with it, and the same when judged again years later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.canonical import canonical, parse_canonical
from auditor.core.model.fields import Record, Scalar
from auditor.core.model.framework import Framework
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from tests.unit.core.build import THING, assertion, check, control, policy, waiver
from tests.unit.core.jsonlike import OBJECT, TEXT, WORD

FRAMEWORK = Framework.model_validate(
    {
        "id": "demo",
        "title": "Demonstration",
        "publisher": "nobody",
        "version": "1",
        "id_pattern": r"D\d",
        "total": 2,
        "groups": [{"id": "D", "title": "All", "count": 2}],
        "requirements": [
            {"id": "D1", "title": "One", "group": "D", "evidence": "auto"},
            {"id": "D2", "title": "Two", "group": "D"},
        ],
    }
)
CONTROL = control(
    check(
        when="resource.since != null",
        scope='target.kind == "demo"',
        population={
            "on_empty": "fail",
            "expected": "inventory.names",
            "schedule": {"every": "24h", "window": "param.age", "at": "resource.since"},
            "reconcile": {"expr": "size(resources) == facts.count", "why": "they must agree"},
        },
        **{"assert": [assertion(), assertion("param.ratio > 0.5", id="b", absorbs="why")]},
    ),
    check(id="second", catalogue="demo.second", differs="because it does"),
    parameters={
        "age": {"type": "duration", "default": "36h", "loosest": "7d", "doc": "age of a thing"},
        "ratio": {"type": "double", "default": 0.75, "loosest": 0.5, "doc": "part of things"},
        "names": {"type": "list<string>", "default": ["a"], "doc": "names of things"},
    },
    maps={"demo": [{"id": "D1", "strength": "partial", "gap": "no", "requires": {"age": "<= 7d"}}]},
)
TARGETS = st.builds(
    Target,
    name=WORD,
    kind=WORD,
    environment=WORD,
    labels=st.dictionaries(WORD, TEXT, max_size=2),
    settings=OBJECT,
)


def read_back(made: Policy) -> Policy:
    document = parse_canonical(canonical(made.to_json()))
    assert isinstance(document, dict)
    return Policy.from_json(document)


@given(
    targets=st.lists(TARGETS, max_size=2),
    inventory=OBJECT,
    owners=st.dictionaries(WORD, st.lists(TEXT, max_size=2), max_size=2),
    texts=st.tuples(TEXT, TEXT),
    waivers=st.booleans(),
)
def test_law_a_policy_is_read_as_written(
    targets: list[Target],
    inventory: dict[str, object],
    owners: dict[str, list[str]],
    texts: tuple[str, str],
    waivers: bool,  # noqa: FBT001 - drawn by name
) -> None:
    made = replace(
        policy(control(), targets=targets, waivers=[waiver()] if waivers else []),
        frameworks=(FRAMEWORK,),
        inventory=inventory,
        owners=owners,
        organisation=texts[0],
        engine=texts[1],
    )
    assert read_back(made) == made


def test_every_part_of_a_control_survives_and_doubles_travel_as_text() -> None:
    made = replace(
        policy(CONTROL),
        frameworks=(FRAMEWORK,),
        overrides={"prod": {"things": {"ratio": 0.5, "age": "48h"}}},
    )
    document = made.to_json()
    again = read_back(made)
    assert again.to_json() == document
    assert again.controls[0].parameters["ratio"].default == "0.75"
    for environment in ("prod", "staging"):
        one = made.parameters(environment, CONTROL)
        assert one == again.parameters(environment, again.controls[0])
    assert one == {"age": timedelta(hours=36), "ratio": 0.75, "names": ["a"]}
    assert again.parameters("prod", again.controls[0])["ratio"] == 0.5
    others = ("frameworks", "targets", "resource_types", "kinds", "waivers", "owners")
    assert [getattr(again, name) for name in others] == [getattr(made, name) for name in others]


@pytest.mark.parametrize("schema", [None, "policy-2"])
def test_another_schema_is_refused(schema: str | None) -> None:
    with pytest.raises(ValueError, match="expected 'policy-1'"):
        Policy.from_json(policy(control()).to_json() | {"schema": schema})


@pytest.mark.parametrize("part", ["fields", "facts"])
def test_a_type_whose_fields_are_no_record_is_refused(part: str) -> None:
    document = policy(control()).to_json()
    types = {"demo.thing": {"title": "Thing", "fields": {}, "facts": {}, part: "int"}}
    with pytest.raises(ValueError, match="must be records"):
        Policy.from_json(document | {"resource_types": types})


def test_a_type_belongs_to_the_collector_that_its_name_begins_with() -> None:
    assert THING.collector == "demo"
    assert ResourceType("a.b.c", "x", Record({"d": Scalar("int")}), Record({})).collector == "a"


def test_an_expression_sees_a_target_without_its_settings() -> None:
    target = Target("t", "k", "prod", {"a": "b"}, {"profile": "audit"})
    assert target.as_variable() == {
        "name": "t",
        "kind": "k",
        "environment": "prod",
        "labels": {"a": "b"},
        "declared": False,
    }
