"""What the syntax tree of an expression tells: paths that it reads, errors that it could hide."""

from __future__ import annotations

import pytest

from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.expression import cel_tree
from auditor.core.expression.interface import Reference
from tests.unit.core.build import ENGINE

# (expression, may an error inside be hidden by a true, why)
HIDING = [
    ("resource.a", False, "one term"),
    ("resource.a && resource.b", False, "true only when both are"),
    ("resource.a || resource.b", True, "true whatever the other is"),
    ("resource.a || true", True, "idem"),
    ("!(resource.a && resource.b)", True, "a negated false hides like a true"),
    ("!(resource.a || resource.b)", False, "a negated true needs both to be false"),
    ("!!(resource.a || resource.b)", True, "two negations are none"),
    ("!!(resource.a && resource.b)", False, "idem"),
    ("resource.a && (resource.b || resource.c)", True, "one side of the and hides"),
    ("resource.a && !(resource.b || resource.c)", False, "no side hides"),
    ("!(resource.a || !(resource.b && resource.c))", False, "the and is wanted true again"),
    ("!(resource.a || (resource.b && resource.c))", True, "the and is wanted false"),
    ("resource.a ? resource.b : resource.c", False, "the untaken branch is not needed"),
    ("resource.a ? resource.b || resource.c : false", True, "a branch hides"),
    ("resource.a ? true : !(resource.b && resource.c)", True, "the other branch hides"),
    ("(resource.a || resource.b) ? true : false", True, "the condition is an or"),
    ("(resource.a && resource.b) ? true : false", True, "its false is used as well"),
    ("!(resource.a ? resource.b : (resource.c && resource.d))", True, "a negated branch"),
    ("resource.l.exists(x, x.ok)", True, "a chain of or"),
    ("resource.l.all(x, x.ok)", False, "a chain of and"),
    ("!resource.l.exists(x, x.ok)", False, "every element must be false"),
    ("!resource.l.all(x, x.ok)", True, "one false element decides"),
    ("resource.l.all(x, x.a || x.b)", True, "an or inside"),
    ("resource.l.all(x, x.a && x.b)", False, "ands inside"),
    ("resource.l.all(x, !(x.a && x.b))", True, "a negated and inside"),
    ("resource.l.all(x, x.m.exists(y, y))", True, "an exists inside"),
    ("resource.l.all(x, x.m.all(y, y))", False, "all of all"),
    ("!resource.l.exists(x, x.m.all(y, y))", True, "the inner all is wanted false"),
    ("resource.l.exists_one(x, x.ok)", False, "every element is asked"),
    ("resource.l.exists_one(x, x.a || x.b)", True, "its element hides"),
    ("resource.l.filter(x, x.ok).size() == 0", False, "every element is asked"),
    ("resource.l.filter(x, x.a && x.b) == []", True, "a false of the and is used"),
    ("resource.l.map(x, x.ok) == [true]", False, "every element is made"),
    ("resource.l.map(x, x.a || x.b) == [true]", True, "an element hides"),
    ("resource.l.filter(x, x.ok || x.b).all(y, y.z)", True, "the range hides"),
    ("(resource.a || resource.b) == true", True, "compared, both results count"),
    ("(resource.a && resource.b) == false", True, "idem"),
    ("[resource.a && resource.b] == [false]", True, "inside a list"),
    ("{'k': resource.a || resource.b}.k", True, "inside a map"),
    ("{'k': resource.a}.k", False, "a map of plain terms"),
    ("(resource.a ? resource.b : resource.c).x == 1", False, "a field of a chosen value"),
    ("resource.a.startsWith(resource.b ? 'x' : 'y')", False, "an argument that hides nothing"),
    ("(resource.a || resource.b ? 'x' : 'y').startsWith('x')", True, "the receiver hides"),
    ("has(resource.a.b)", False, "presence is no error"),
    ("true", False, "a constant"),
]


@pytest.mark.parametrize(("source", "expected", "why"), HIDING, ids=[s for s, _, _ in HIDING])
def test_where_an_error_could_hide(source: str, expected: bool, why: str) -> None:  # noqa: FBT001 - a table
    assert ENGINE.compile(source, RESOURCE_VARIABLES).may_absorb is expected, why


READS = [
    ("resource", {"resource"}),
    ("resource.a.b", {"resource.a.b"}),
    ('resource["a"].b', {"resource.a.b"}),
    ("resource[param.name].b", {"resource", "param.name"}),
    ("resource.list[0].a", {"resource.list"}),
    ('resource[""]', {"resource"}),
    ("has(resource.a.b)", {"resource.a.b?"}),
    ("has(resource[param.x].b)", {"resource", "param.x"}),
    ("resource.a == null ? param.b : facts.c", {"resource.a", "param.b", "facts.c"}),
    ("resource.a.size() > 1", {"resource.a"}),
    ("size(resource.a) > 1", {"resource.a"}),
    ("resource.a in [resource.b, 'x']", {"resource.a", "resource.b"}),
    ("{resource.a: resource.b}.c == 1", {"resource.a", "resource.b"}),
    ("resource.l.all(x, x.ok && x.n < param.n)", {"resource.l", "param.n"}),
    ("resource.l.exists(x, x.m.exists(y, y == x.z))", {"resource.l"}),
    ("resource.l.exists_one(x, x == target.kind)", {"resource.l", "target.kind"}),
    ("resource.l.map(x, x.a + resource.b) == []", {"resource.l", "resource.b"}),
    ("resource.l.filter(x, now - x.t < param.age) == []", {"resource.l", "now", "param.age"}),
    ("resource.l.all(resource, resource.ok)", {"resource.l"}),
    ("(true ? resource.a : facts.b).c", {"resource.a", "facts.b"}),
    ("1 + 1 == 2", set()),
    ("google.protobuf.Duration{seconds: resource.a} == param.b", {"resource.a", "param.b"}),
    (".resource.a", {"resource.a"}),
]


@pytest.mark.parametrize(("source", "paths"), READS, ids=[source for source, _ in READS])
def test_every_field_that_is_read_is_known(source: str, paths: set[str]) -> None:
    references = ENGINE.compile(source, RESOURCE_VARIABLES).references
    assert {".".join(r.path) + "?" * r.tested for r in references} == paths


def test_a_reference_knows_its_position() -> None:
    source = "true && resource.a == param.b"
    found = ENGINE.compile(source, RESOURCE_VARIABLES).references
    places = {".".join(reference.path): reference.position for reference in found}
    # The checker gives a selection the position of its dot.
    assert {source[at] for at in places.values()} == {"."}
    assert places["resource.a"] < places["param.b"]


@pytest.mark.parametrize(
    ("path", "other", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", True),
        ("a.b.c", "a.b", True),
        ("a.b", "a.bc", False),
        ("a", "b", False),
    ],
)
def test_paths_overlap_when_one_lies_within_the_other(
    path: str,
    other: str,
    expected: bool,  # noqa: FBT001 - a table
) -> None:
    assert Reference(tuple(path.split("."))).overlaps(tuple(other.split("."))) is expected


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("resource.a", 1),
        ("resource.a && resource.b || !resource.c", 3),
        ("resource.a == (resource.b || resource.c)", 1),
        ("resource.l.exists(x, x || true)", 1),
    ],
)
def test_the_terms_that_logic_joins(source: str, number: int) -> None:
    expression = ENGINE.compile(source, RESOURCE_VARIABLES)
    assert len(cel_tree.logical_terms(expression._checked.expr)) == number
