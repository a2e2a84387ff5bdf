"""Types of fields: their spelling, and the step from JSON to typed values."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model.fields import (
    SCALARS,
    FieldType,
    FieldTypeError,
    ListOf,
    MapOf,
    Record,
    Scalar,
    field_spec,
    parse_double,
    parse_field_type,
    typed,
    typed_record,
)
from tests.unit.core.jsonlike import JSON, WORD

SCALAR_TYPES = st.sampled_from(sorted(SCALARS)).map(Scalar)
# Maps and lists of scalars have a name; records are only ever inside records and lists.
NAMED: st.SearchStrategy[FieldType] = st.recursive(
    SCALAR_TYPES, lambda inner: inner.map(ListOf) | inner.map(MapOf), max_leaves=4
)


@st.composite
def records(draw: st.DrawFn, inner: st.SearchStrategy[FieldType]) -> Record:
    fields = draw(st.dictionaries(WORD, inner, max_size=4))
    nullable = draw(st.sets(st.sampled_from(sorted(fields)))) if fields else set()
    return Record(fields, frozenset(nullable))


TYPES: st.SearchStrategy[FieldType] = st.recursive(
    NAMED, lambda inner: records(inner) | inner.map(ListOf), max_leaves=8
)


@given(TYPES)
def test_law_a_type_is_read_as_written(of: FieldType) -> None:
    assert parse_field_type(field_spec(of)) == of


@given(JSON, TYPES)
def test_law_a_value_is_typed_or_refused_with_its_path(value: object, of: FieldType) -> None:
    try:
        typed(value, of, "top")
    except FieldTypeError as error:
        shown = f"{error.path}: {error.message}"
        assert (error.path[:3], str(error)) == ("top", shown)  # noqa: PT017 - both answers are right


@pytest.mark.parametrize(
    ("spec", "of"),
    [
        ("list<map<int>>", ListOf(MapOf(Scalar("int")))),
        (["string"], ListOf(Scalar("string"))),
        ([{"a?": "int"}], ListOf(Record({"a": Scalar("int")}, frozenset({"a"})))),
        ({"a": {"b": "any"}}, Record({"a": Record({"b": Scalar("any")})})),
        ({}, Record({})),
    ],
)
def test_the_spelling_of_types(spec: object, of: FieldType) -> None:
    assert parse_field_type(spec) == of


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("text", "unknown type 'text', expected one of string, int"),
        ("list<>", "unknown type 'list<>'"),
        ("list<int", "unknown type"),
        ("map<text>", "unknown type 'text'"),
        (["int", "int"], "is no type"),
        ([], "is no type"),
        (None, "is no type"),
        (5, "is no type"),
        ({"a": "int", "a?": "string"}, "a field stands twice in a, a?"),
        ({"a": {"b": "nothing"}}, "unknown type 'nothing'"),
    ],
)
def test_a_wrong_specification_is_named(spec: object, message: str) -> None:
    with pytest.raises(ValueError, match=r"type|field") as caught:
        parse_field_type(spec)
    assert message in str(caught.value)


NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        ("x", "string", "x"),
        (3, "int", 3),
        (True, "bool", True),
        ("1.5", "double", 1.5),
        (2, "double", 2.0),
        (2.5, "double", 2.5),
        ("-1e-3", "double", -0.001),
        ("2026-03-31T12:00:00Z", "timestamp", NOON),
        ("36h", "duration", timedelta(hours=36)),
        ({"z": None}, "any", {"z": None}),
        (("a", "b"), "list<string>", ["a", "b"]),
        ({"a": "1d"}, "map<duration>", {"a": timedelta(days=1)}),
    ],
)
def test_json_becomes_the_declared_type(value: object, spec: str, expected: object) -> None:
    assert typed(value, parse_field_type(spec)) == expected
    assert type(typed(value, parse_field_type(spec))) is type(expected)


@pytest.mark.parametrize(
    ("value", "spec", "path", "message"),
    [
        (1, "string", "", "got int 1, expected str"),
        (True, "int", "", "got bool True, expected int"),
        (1.0, "int", "", "expected int"),
        ("true", "bool", "", "expected bool"),
        (0, "bool", "", "expected bool"),
        (None, "string", "", "got null, expected str"),
        (True, "double", "", "expected a decimal number"),
        ("nan", "double", "", "got str 'nan', expected a decimal number"),
        ("inf", "double", "", "expected a decimal number"),
        ("1e999", "double", "", "expected a decimal number"),
        ("1_000", "double", "", "expected a decimal number"),
        (" 1", "double", "", "expected a decimal number"),
        ("0x10", "double", "", "expected a decimal number"),
        (10**400, "double", "", "expected a decimal number"),
        (math.nan, "double", "", "expected a decimal number"),
        ("2026-03-31", "timestamp", "", "expected an RFC 3339 time"),
        ("0001-01-01T00:00:00+01:00", "timestamp", "", "outside the years"),
        (90, "duration", "", "expected a number and a unit"),
        ("x", "list<string>", "", "expected a list"),
        (["a", 1], "list<string>", "[1]", "expected str"),
        ([], "map<int>", "", "expected a map"),
        ({"a": {"b": "x"}}, "map<map<int>>", "a.b", "expected int"),
    ],
)
def test_another_type_is_refused(value: object, spec: str, path: str, message: str) -> None:
    with pytest.raises(FieldTypeError) as caught:
        typed(value, parse_field_type(spec))
    assert caught.value.path == path
    assert message in caught.value.message


RULES = Record(
    {
        "name": Scalar("string"),
        "note": Scalar("string"),
        "rules": ListOf(Record({"port": Scalar("int")})),
    },
    frozenset({"note"}),
)


def test_fields_that_are_not_declared_are_left_out() -> None:
    seen = typed_record({"name": "a", "note": None, "rules": [{"port": 1, "x": 2}], "y": 3}, RULES)
    assert seen == {"name": "a", "note": None, "rules": [{"port": 1}]}


def test_only_a_field_that_may_be_null_may_be_absent() -> None:
    assert typed_record({"name": "a", "rules": []}, RULES) == {"name": "a", "rules": []}


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({"rules": []}, "name", "is missing"),
        ({"name": None, "rules": []}, "name", "is null, and its type does not allow null"),
        ({"name": "a", "rules": [{}]}, "rules[0].port", "is missing"),
        ({"name": "a", "rules": [{"port": "1"}]}, "rules[0].port", "expected int"),
        ({"name": "a", "rules": [None]}, "rules[0]", "got null, expected a record"),
        ([], "", "expected a record"),
    ],
)
def test_a_record_that_lacks_something_is_refused_with_the_path(
    value: object, path: str, message: str
) -> None:
    with pytest.raises(FieldTypeError) as caught:
        typed(value, RULES)
    assert caught.value.path == path
    assert message in str(caught.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_law_a_double_travels_as_text_and_comes_back(value: float) -> None:
    assert parse_double(repr(value)) == value
