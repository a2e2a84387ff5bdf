"""Explanations: the deciding terms, their values and paths, and what would have to be otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.explain import explain
from auditor.core.expression.trace import Trace
from auditor.core.expression.unparse import text_of
from tests.unit.core.expression.evaluating import TYPES, compiled, variables

DOCUMENT: dict[str, Any] = {
    "rotate": 7,
    "ok": True,
    "none": None,
    "empty": [],
    "tags": {"odd name": 1},
    "spec": {"containers": [{"image": "a@sha256:1"}, {"image": "b:latest"}]},
    "rules": [{"port": 22, "cidrs": ["10.0.0.0/8", "0.0.0.0/0"]}],
}


def trace(source: str, document: Any = None, **more: Any) -> Trace:
    expression = compiled(source)
    return explain(expression, variables(DOCUMENT if document is None else document), **more)


CASES: list[tuple[str, list[str]]] = [
    (
        "resource.rotate >= 14",
        [
            "`resource.rotate >= 14` is false: resource.rotate = 7",
            "would pass if resource.rotate >= 14",
        ],
    ),
    (
        "resource.ok && resource.rotate >= 14 && resource.rotate > 0",
        [
            "`resource.rotate >= 14` is false: resource.rotate = 7",
            "would pass if resource.rotate >= 14",
        ],
    ),
    (
        "resource.rotate > 8 && resource.rotate > 9",
        [
            "`resource.rotate > 8` is false: resource.rotate = 7",
            "`resource.rotate > 9` is false: resource.rotate = 7",
        ],
    ),
    (
        'resource.spec.containers.all(c, c.image.contains("@sha256:"))',
        [
            '`resource.spec.containers[1].image.contains("@sha256:")` is false: resource.spec.containers[1].image = "b:latest"',  # noqa: E501 - one line of output
            'would pass if resource.spec.containers[1].image.contains("@sha256:")',
        ],
    ),
    (
        '!resource.rules.exists(r, r.cidrs.exists(c, c == "0.0.0.0/0"))',
        [
            '`resource.rules[0].cidrs[1] == "0.0.0.0/0"` is true: resource.rules[0].cidrs[1] = "0.0.0.0/0"',  # noqa: E501 - one line of output
            'would pass if resource.rules[0].cidrs[1] != "0.0.0.0/0"',
        ],
    ),
    (
        "resource.empty.exists(x, x == 1)",
        [
            "`resource.empty.exists(x, x == 1)` is false: resource.empty = []",
            "would pass if resource.empty.exists(x, x == 1)",
        ],
    ),
    (
        "resource.none == null ? false : resource.rotate > 1",
        [
            "`resource.none == null` is true: resource.none = null",
            "would pass if resource.none != null",
        ],
    ),
    (
        "resource.ok ? resource.rotate > 9 : true",
        [
            "`resource.rotate > 9` is false: resource.rotate = 7",
            "would pass if resource.rotate > 9",
        ],
    ),
    (
        "resource.missing > 1 || resource.rotate > 9",
        [
            "field `missing` is missing",
        ],
    ),
    (
        "resource.rotate ? true : false",
        [
            "`resource.rotate` is 7, neither true nor false",
        ],
    ),
    (
        "!resource.ok",
        [
            "`resource.ok` is true",
            "would pass if !resource.ok",
        ],
    ),
    (
        "has(resource.zz)",
        [
            "`has(resource.zz)` is false: resource.zz = (absent)",
            "would pass if has(resource.zz)",
        ],
    ),
    (
        "!has(resource.ok)",
        [
            "`has(resource.ok)` is true: resource.ok = (present)",
            "would pass if !has(resource.ok)",
        ],
    ),
    (
        "cel.bind(r, resource.rules[0], r.port != 22)",
        [
            "`resource.rules[0].port != 22` is false: resource.rules[0].port = 22",
            "would pass if resource.rules[0].port != 22",
        ],
    ),
    (
        "cel.bind(r, resource.zz, r == 1)",
        [
            "field `zz` is missing",
        ],
    ),
    (
        'resource.tags["odd name"] in [2, 3]',
        [
            '`resource.tags["odd name"] in [2, 3]` is false: resource.tags["odd name"] = 1',
            'would pass if resource.tags["odd name"] in [2, 3]',
        ],
    ),
    (
        "resource.zz.all(x, x > 1)",
        [
            "field `zz` is missing",
        ],
    ),
    (
        "false",
        [
            "`false` is false: always",
            "would pass if false",
        ],
    ),
    (
        "resource.rules.exists_one(r, r.port == 1)",
        [
            '`resource.rules.exists_one(r, r.port == 1)` is false: resource.rules = [{"port": 22, "cidrs": ["10.0.0.0/8", "0.0.0.0/0"]}]',  # noqa: E501 - one line of output
            "would pass if resource.rules.exists_one(r, r.port == 1)",
        ],
    ),
    (
        "resource.tags.all(k, v, v > 5)",
        [
            '`resource.tags["odd name"] > 5` is false: resource.tags["odd name"] = 1',
            'would pass if resource.tags["odd name"] > 5',
        ],
    ),
]


@pytest.mark.parametrize(("source", "lines"), CASES, ids=[case[0] for case in CASES])
def test_text(source: str, lines: list[str]) -> None:
    assert trace(source).text().splitlines() == lines


def test_a_part_that_was_not_evaluated_is_shown_as_absent() -> None:
    found = trace("(resource.ok ? 1 : resource.zz) == 2")
    assert dict(found.lines[0].values) == {"resource.ok": "true", "resource.zz": "(absent)"}


def test_a_term_that_is_no_place_shows_what_it_is_made_of() -> None:
    found = trace("has(resource.rules.map(r, r)[0].zz)")
    assert [path for path, _ in found.lines[0].values] == ["resource.rules"]


def test_no_counterfactual_where_the_rest_is_undecided() -> None:
    assert trace("resource.rotate > 9 && resource.zz == 1").would_pass_if == ()


def test_the_other_engine_is_explained_alike() -> None:
    source = "resource.rules.all(r, r.port != 22)"
    other = CelCppEngine().compile(source, TYPES)
    assert explain(other, variables(DOCUMENT)) == trace(source)


def test_lines_are_capped_and_the_rest_is_counted() -> None:
    found = trace("resource.all(x, x > 10)", list(range(10)), limit=3)
    assert (len(found.lines), found.left_out) == (3, 7)
    assert found.text().endswith("and 7 more")
    assert found.short() == "`resource[0] > 10` is false: resource[0] = 0 (and 9 more)"


def test_a_true_expression_has_its_reasons_and_no_counterfactual() -> None:
    found = trace("resource.ok || resource.rotate > 100")
    assert found.text() == "`resource.ok` is true"
    assert found.would_pass_if == ()


def test_two_causes_have_no_single_counterfactual() -> None:
    assert trace("resource.all(x, x > 10)", [1, 2]).would_pass_if == ()


def test_json_form() -> None:
    assert json.loads(json.dumps(trace("resource.rotate >= 14").to_json())) == {
        "outcome": "false",
        "lines": [
            {
                "term": "resource.rotate >= 14",
                "outcome": "false",
                "values": {"resource.rotate": "7"},
                "detail": "",
            }
        ],
        "left_out": 0,
        "would_pass_if": ["resource.rotate >= 14"],
    }


def test_no_lines_make_no_sentence() -> None:
    assert Trace("true", ()).short() == ""


def test_what_is_nested_without_end_is_explained_as_an_error() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    found = trace("resource.a == resource.b", {"a": deep, "b": [deep]})
    assert found.text() == "values are nested too deeply"


@pytest.mark.parametrize(
    "source",
    [
        "(resource.a || resource.b) && resource.c",
        "!(resource.a && resource.b)",
        "(resource.a - (resource.b - 1)) * 2 == -resource.c % 3 / 2",
        "resource.a ? resource.b : resource.c ? dyn(1u) : dyn(2.5)",
        'dyn([1, ?resource.?a, "x"]) == {"a": b\'c\', ?"d": optional.of(1)}',
        "resource.filter(x, x.a).map(x, x > 1, x.b).exists_one(x, x)",
        "resource.map(x, x + 1) == resource.transformList(i, v, v > i, v)",
        "resource.transformMap(k, v, v) == resource.transformMapEntry(k, v, {v: k})",
        "cel.bind(x, resource.a, x.size() == size(x))",
        "math.greatest(1, 2) == math.abs(-1)",
        "has(resource.a.b) && resource.c in [1, 2]",
        "(resource.a ? 1 : 2) == 1",
    ],
)
def test_text_of_a_term_reads_back_as_the_same_term(source: str) -> None:
    once = text_of(compiled(source).node)
    assert text_of(compiled(once).node) == once
    assert once.replace(" ", "") == source.replace(" ", "")


def test_a_long_term_is_cut() -> None:
    text = text_of(compiled("resource.aaaaaaaaaaaaaaaa == resource.bbbbbbbbbbbbb").node, 20)
    assert len(text) == 20
    assert text.endswith("…")
