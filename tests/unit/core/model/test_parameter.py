"""Parameters: nobody can loosen a control into green."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auditor.core.model.parameter import Parameter
from auditor.core.times import format_duration, parse_duration
from tests.unit.core.jsonlike import JSON

DURATION = st.integers(0, 10_000).map(lambda hours: format_duration(timedelta(hours=hours)))
INT = st.integers(-1000, 1000)
DOUBLE = st.integers(-4000, 4000).map(lambda n: n / 4)
ORDERED: list[tuple[str, st.SearchStrategy[object], Callable[[object], object]]] = [
    ("duration", DURATION, parse_duration),
    ("int", INT, int),  # type: ignore[list-item]  # the strategy gives integers
    ("double", DOUBLE, float),  # type: ignore[list-item]  # the strategy gives numbers
]
LISTS = [
    ("list<string>", st.lists(st.sampled_from("abcd"), max_size=4)),
    ("list<int>", st.lists(st.integers(0, 3), max_size=4)),
]


def parameter(**fields: object) -> Parameter:
    return Parameter.model_validate({"doc": "what it limits", **fields})


def refuses(one: Parameter, value: object) -> bool:
    """True when `check` says that the value is too loose; any other refusal is raised."""
    try:
        one.check(value)
    except ValueError as error:
        assert "is looser than the loosest allowed" in str(error)  # noqa: PT017 - one of two answers
        return True
    return False


@pytest.mark.parametrize("looser", ["higher", "lower"])
@pytest.mark.parametrize(("kind", "values", "parse"), ORDERED, ids=[k for k, _, _ in ORDERED])
@given(data=st.data())
def test_law_exactly_what_is_looser_is_refused(
    kind: str,
    values: st.SearchStrategy[object],
    parse: Callable[[object], object],
    looser: str,
    data: st.DataObject,
) -> None:
    loosest, value = data.draw(values), data.draw(values)
    one = parameter(type=kind, default=loosest, loosest=loosest, looser=looser)
    compare = operator.gt if looser == "higher" else operator.lt
    weaker = compare(parse(value), parse(loosest))  # type: ignore[arg-type]  # both of one type
    assert refuses(one, value) == weaker


@pytest.mark.parametrize(("kind", "values", "parse"), ORDERED, ids=[k for k, _, _ in ORDERED])
@given(data=st.data())
def test_law_the_direction_follows_from_default_and_loosest(
    kind: str,
    values: st.SearchStrategy[object],
    parse: Callable[[object], object],
    data: st.DataObject,
) -> None:
    default, loosest, value = (data.draw(values) for _ in range(3))
    if parse(default) == parse(loosest):
        with pytest.raises(ValidationError, match="which way is weaker"):
            parameter(type=kind, default=default, loosest=loosest)
        return
    one = parameter(type=kind, default=default, loosest=loosest)
    low, high = sorted([parse(default), parse(loosest)])  # type: ignore[type-var]
    assert one.direction() == ("higher" if parse(loosest) == high else "lower")
    within = parse(value) <= high if one.direction() == "higher" else parse(value) >= low  # type: ignore[operator]
    assert refuses(one, value) != within


@pytest.mark.parametrize("looser", ["more", "fewer"])
@pytest.mark.parametrize(("kind", "values"), LISTS, ids=[k for k, _ in LISTS])
@given(data=st.data())
def test_law_lists_are_compared_as_sets(
    kind: str, values: st.SearchStrategy[list[object]], looser: str, data: st.DataObject
) -> None:
    loosest, value = data.draw(values), data.draw(values)
    one = parameter(type=kind, default=loosest, loosest=loosest, looser=looser)
    allowed = set(value) <= set(loosest) if looser == "more" else set(value) >= set(loosest)
    assert refuses(one, value) != allowed


def test_a_list_that_equals_its_loosest_may_only_shrink() -> None:
    one = parameter(type="list<int>", default=[1, 2], loosest=[2, 1])
    assert one.direction() == "more"
    assert refuses(one, [1, 2, 3])
    assert not refuses(one, [1])


def test_a_list_whose_loosest_is_larger_may_grow_up_to_it() -> None:
    one = parameter(type="list<string>", default=["a"], loosest=["a", "b"])
    assert one.direction() == "more"
    other = parameter(type="list<string>", default=["a", "b"], loosest=["a"])
    assert other.direction() == "fewer"
    assert refuses(other, ["b"])


SPANS = st.dictionaries(st.sampled_from("abc"), DURATION, max_size=3)


@pytest.mark.parametrize("looser", ["higher", "lower"])
@given(loosest=SPANS, value=SPANS)
def test_law_in_a_map_every_key_is_a_limit(
    looser: str, loosest: dict[str, str], value: dict[str, str]
) -> None:
    one = parameter(type="map<duration>", default=loosest, loosest=loosest, looser=looser)
    weaker = False
    for key, limit in loosest.items():
        if key not in value:
            weaker = True
        elif looser == "higher":
            weaker |= parse_duration(value[key]) > parse_duration(limit)
        else:
            weaker |= parse_duration(value[key]) < parse_duration(limit)
    assert refuses(one, value) == weaker


@pytest.mark.parametrize(
    ("kind", "default", "loosest", "allowed", "refused"),
    [
        ("bool", True, False, [True, False], []),
        ("bool", True, True, [True], [False]),
        ("string", "a", "b", ["a", "b"], ["c", "A", ""]),
    ],
)
def test_texts_and_booleans_have_no_degrees_only_two_values(
    kind: str, default: object, loosest: object, allowed: list[object], refused: list[object]
) -> None:
    one = parameter(type=kind, default=default, loosest=loosest)
    assert one.direction() is None
    assert [value for value in [*allowed, *refused] if refuses(one, value)] == refused


@given(JSON)
def test_law_without_loosest_any_value_of_the_type_is_allowed(value: object) -> None:
    one = parameter(type="int", default=1)
    assert one.direction() is None
    if type(value) is int:
        assert one.check(value) == value
    else:
        with pytest.raises(ValueError, match="expected a whole number"):
            one.check(value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "int", "default": 5, "loosest": 3, "looser": "higher"}, "is looser than loosest"),
        (
            {"type": "duration", "default": "7d"} | {"loosest": "7d"},
            "`looser: higher` or `looser: lower`",
        ),
        ({"type": "map<duration>", "default": {"a": "1d"}, "loosest": {"a": "2d"}}, "which way"),
        ({"type": "list<int>", "default": [1, 9], "loosest": [1, 2]}, "is looser than loosest"),
        ({"type": "int", "default": 1, "looser": "more"}, "expected higher or lower"),
        ({"type": "list<int>", "default": [1], "looser": "higher"}, "expected more or fewer"),
        ({"type": "bool", "default": True, "looser": "lower"}, "which has no degrees"),
        ({"type": "string", "default": "a", "looser": "more"}, "which has no degrees"),
        ({"type": "int", "default": "1"}, "expected a whole number"),
        ({"type": "int", "default": True}, "expected a whole number"),
        ({"type": "int", "default": 1, "loosest": "2"}, "expected a whole number"),
        ({"type": "bool", "default": "yes"}, "expected true or false"),
        ({"type": "double", "default": "nan"}, "expected a decimal number"),
        ({"type": "double", "default": True}, "expected a decimal number"),
        ({"type": "list<string>", "default": "a"}, "expected a list"),
        ({"type": "list<string>", "default": [1]}, "expected text"),
        ({"type": "map<duration>", "default": ["1d"]}, "expected a map of durations"),
        ({"type": "map<duration>", "default": {"a": "1mo"}}, "expected a number and a unit"),
        ({"type": "month", "default": 1}, "Input should be"),
    ],
)
def test_a_parameter_that_contradicts_itself_is_refused(
    fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        parameter(**fields)
    assert message in str(caught.value)


def test_nan_is_no_way_round_a_limit() -> None:
    one = parameter(type="double", default=1.0, loosest=2.0)
    for value in ("nan", "NaN", "inf", float("nan"), float("inf")):
        with pytest.raises(ValueError, match="expected a decimal number"):
            one.check(value)
    assert one.check("1.5") == 1.5


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_law_a_requirement_is_met_exactly_when_the_comparison_holds(value: int, bound: int) -> None:
    days = parameter(type="duration", default="0d")
    typed_value = days.parse(f"{value}d")
    assert days.meets(f"<= {bound}d", typed_value) == (value <= bound)
    assert days.meets(f">={bound}d", typed_value) == (value >= bound)
    number = parameter(type="int", default=0)
    assert number.meets(f"== {bound}", value) == (value == bound)
    assert number.meets(f">= -{bound}", value)
    decimal = parameter(type="double", default=0)
    assert decimal.meets(f"<= {bound / 8}", value / 8) == (value <= bound)


def test_requirements_of_texts_and_booleans_are_equalities() -> None:
    assert parameter(type="bool", default=True).meets("== true", True)  # noqa: FBT003 - the value
    assert not parameter(type="bool", default=True).meets("== false", True)  # noqa: FBT003 - the value
    assert parameter(type="string", default="a").meets("== a", "a")


@pytest.mark.parametrize(
    ("kind", "default", "requirement", "message"),
    [
        ("duration", "1d", "7d", "expected `<=`, `>=` or `==` and a value"),
        ("duration", "1d", "< 7d", "expected `<=`"),
        ("duration", "1d", "<= 7d 8d", "expected `<=`"),
        ("duration", "1d", "<= 7", "expected a number and a unit"),
        ("int", 1, "<= 7d", "expected a whole number"),
        ("int", 1, "<= 1.5", "expected a whole number"),
        ("double", 1, "<= nan", "expected a decimal number"),
        ("bool", True, "== yes", "expected true or false"),
        ("bool", True, ">= true", "has no order"),
        ("string", "a", "<= b", "has no order"),
        ("list<int>", [1], ">= 1", "has no order"),
        ("list<int>", [1], "== 1", "expected a list"),
    ],
)
def test_a_requirement_of_another_form_or_type_is_refused(
    kind: str, default: object, requirement: str, message: str
) -> None:
    one = parameter(type=kind, default=default)
    with pytest.raises(ValueError, match="got") as caught:
        one.meets(requirement, one.parse(default))
    assert message in str(caught.value)
