"""Expressions against declared types: what is found, where, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.catalog.types.checker import TypeChecker
from auditor.catalog.types.examined import Examined, shown_path
from auditor.catalog.types.roots import INVENTORY, TARGET
from auditor.core.model.fields import FieldType, ListOf, Scalar
from tests.unit.lint.library import THING, record

CHECKER = TypeChecker()
ROOTS: dict[str, FieldType] = {
    "resource": THING.fields,
    "resources": ListOf(THING.fields),
    "facts": THING.facts,
    "param": record({"limit": "duration", "ports": "list<int>", "by": "map<duration>"}),
    "now": Scalar("timestamp"),
    "target": TARGET,
    "inventory": INVENTORY,
}


def examine(source: str, expected: str = "bool") -> Examined:
    examined = CHECKER.examine(source, ROOTS, expected)
    assert examined is not None, source
    return examined


RIGHT = [
    "resource.note == null ? true : resource.note == 'x'",
    "resource.names == null ? false : resource.names.all(n, n != resource.name)",
    "null == resource.owner || resource.owner.name == 'x'",
    "resource.for == 'a'",
    'resource["for"] == "a" && resource["x-odd"] == 1',
    "resource['in'] == 'a'",
    'resource.rules.all(r, r["odd-name"] == 3 && r.at < now)',
    "resource.rules.filter(r, r.from_port != null).map(r, r.from_port).all(p, p in param.ports)",
    "resource.extra.any.thing == 3 && resource.extra == 'x'",
    "resource.tags['a'] == 'b' && 'a' in resource.tags && resource.tags.a == 'c'",
    "resource.tags.all(key, resource.tags[key] != '')",
    "resource.grid.all(row, row.all(cell, cell > 0))",
    "now - resource.created_at < param.limit && param.by['x'] > param.limit",
    "resource.share > 0.5 && resource.share == double(resource.size)",
    "target.labels['team'] == 'core' && target.environment == 'prod'",
    "resource.name in inventory.names && size(inventory['names']) > 0",
    "size(resources) == facts.count && resources.exists(r, r.live)",
    "(resource.live ? resource.rules : []).all(r, r.cidr != '')",
    "cel.bind(x, resource.rules, x.all(r, r.cidr != ''))",
    "resource.rules[0].cidr == ''",
    "resource.name.startsWith('a') && dyn(resource.size) == 'x'",
    "resource.rules.exists_one(r, r.cidr == '')",
]


@pytest.mark.parametrize("source", RIGHT)
def test_a_right_expression_has_no_fault(source: str) -> None:
    examined = examine(source)
    assert (examined.unknown, examined.ill_typed) == ((), ())


UNKNOWN = [
    ("resource.nam == ''", "nam ", "`resource` has no field `nam`, did you mean `name`?"),
    ("resource.rules.all(r, r.from_prot == 22)", "from_prot", "`resource.rules[]` has no field"),
    (
        "resource.rules.filter(r, r.cidr == '').exists(x, x.cidrs == '')",
        "cidrs",
        "`resource.rules[]`",
    ),
    ("has(resource.nmae)", "nmae", "did you mean `name`?"),
    ('resource["x-od"] == 1', '["x-od"]', "did you mean `x-odd`?"),
    ("resource.owner.nam == ''", "nam ", "`resource.owner` has no field `nam`"),
    (
        "resources.exists(r, r.alive)",
        "alive",
        "`resources[]` has no field `alive`",
    ),
    ("facts.cuont == 1", "cuont", "`facts` has no field `cuont`, did you mean `count`?"),
    ("param.limits > param.limit", "limits", "did you mean `limit`?"),
    ("target.env == ''", "env ", "`target` has no field `env`"),
    (
        "(resource.live ? resource.rules : []).all(r, r.cidar != '')",
        "cidar",
        "did you mean `cidr`?",
    ),
    ("cel.bind(x, resource.rules, x.all(r, r.cidar != ''))", "cidar", "did you mean `cidr`?"),
    ("resource.rules[0].cidar == ''", "cidar", "did you mean `cidr`?"),
    ("resource.rules.map(r, r.at).size() > resource.sizes", "sizes", "did you mean `size`?"),
]


@pytest.mark.parametrize(("source", "at", "message"), UNKNOWN)
def test_a_field_that_does_not_exist_is_named_at_its_place(
    source: str, at: str, message: str
) -> None:
    examined = examine(source)
    (fault,) = examined.unknown
    assert message in fault.message
    assert source[fault.offset :].startswith(at)


ILL_TYPED = [
    ("resource.size == 'x'", "==", "`==` does not take (int, string)"),
    ("resource.size == 1.5", "==", "`==` does not take (int, double)"),
    ("resource.share > 1", ">", "`>` does not take (double, int)"),
    ("resource.rules.all(r, r.cidr > 3)", ">", "`>` does not take (string, int)"),
    ("resource.names == null ? false : resource.names.all(n, n == 3)", "== 3", "(string, int)"),
    ("resource.created_at < '2026-01-01'", "<", "`<` does not take (timestamp, string)"),
    ("now - resource.created_at < 7", "<", "(duration, int)"),
    ("resource.name in param.ports", "in param", "`in` does not take (string, list(int))"),
    ("size(resource.size) == 1", "(", "`size` does not take (int)"),
    ("resource.name", "resource", "it gives string, expected bool"),
    ("resource.owner", "resource", "it gives record resource_owner, expected bool"),
    ("resource['in'] == 3", "==", "(string, int)"),
    ("resource.name && true", "&&", "`&&` does not take (string, bool)"),
]


@pytest.mark.parametrize(("source", "at", "message"), ILL_TYPED)
def test_an_operator_that_does_not_take_its_operands_is_named(
    source: str, at: str, message: str
) -> None:
    examined = examine(source)
    fault = examined.ill_typed[0]
    assert message in fault.message
    assert source[fault.offset :].startswith(at)
    assert "nil_" not in fault.message


def test_the_result_of_every_kind_of_expression_is_checked() -> None:
    assert examine("resource.name", "string").ill_typed == ()
    assert examine("inventory.names", "list<string>").ill_typed == ()
    assert examine("[]", "list<string>").ill_typed == ()
    assert examine("param.limit", "duration").ill_typed == ()
    assert examine("resource.created_at", "timestamp").ill_typed == ()
    assert examine("resource.extra", "timestamp").ill_typed == ()
    assert examine("param.ports", "list<string>").ill_typed[0].message.startswith("it gives list")
    assert (
        examine("now", "duration").ill_typed[0].message == "it gives timestamp, expected duration"
    )


def test_where_the_walk_loses_the_type_the_checker_still_knows_the_field() -> None:
    examined = examine("resource.rules.map(r, [r])[0][0].cidar == ''")
    assert examined.unknown == ()
    assert [fault.message for fault in examined.ill_typed] == ["there is no field `cidar`"]


def test_an_index_that_is_no_constant_is_left_to_the_checker() -> None:
    examined = examine("resource[resource.name] == ''")
    assert examined.unknown == ()
    assert "does not take" in examined.ill_typed[0].message


def test_what_does_not_parse_is_left_to_another_rule() -> None:
    assert CHECKER.examine("resource.", ROOTS) is None


def test_reads_follow_macros_and_stop_where_a_term_is_computed() -> None:
    source = (
        "resource.rules.filter(r, r.from_port != null).all(x, x.at < now) && has(resource.note)"
    )
    reads = {
        shown_path(r.path): (r.nullable, r.tested, r.null_tested) for r in examine(source).reads
    }
    assert reads == {
        "resource.rules": (False, False, False),
        "resource.rules[].from_port": (True, False, True),
        "resource.rules[].at": (False, False, False),
        "now": (False, False, False),
        "resource.note": (True, True, False),
    }


LEAVES = [
    "resource",
    "resource.rules",
    "resource.nam",
    "resource.tags",
    "r",
    "r.cidr",
    "null",
    "1",
    "1.5",
    "'é'",
    "now",
    "true",
    "[]",
    "{}",
    "resource['x-odd']",
    "param.by",
    "inventory.names",
]
TERMS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "<", "&&", "||", "+", "in"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["all", "exists", "map", "filter"]), inner).map(
            lambda parts: f"({parts[0]}).{parts[1]}(r, {parts[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda parts: "({} ? {} : {})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]})[{parts[1]}]"),
        inner.map(lambda term: f"({term}).{'name'}"),
        inner.map(lambda term: f"has(({term}).x)"),
        inner.map(lambda term: f"!size({term})"),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(TERMS)
def test_no_expression_is_too_strange_to_examine(source: str) -> None:
    examined = CHECKER.examine(source, ROOTS, "bool")
    if examined is None:
        return
    for fault in (*examined.unknown, *examined.ill_typed):
        assert 0 <= fault.offset <= len(source)
        assert fault.message
    assert all(read.path[0] in ROOTS for read in examined.reads)


def test_a_nullable_list_keeps_the_types_of_its_elements() -> None:
    fields = record({"policy?": [{"effect": "string"}]})
    examined = CHECKER.examine(
        "resource.policy == null ? false : resource.policy.all(s, s.efect == 'Allow')",
        {"resource": fields},
        "bool",
    )
    assert examined is not None
    assert [fault.message for fault in examined.unknown] == [
        "`resource.policy[]` has no field `efect`, did you mean `effect`?"
    ]
