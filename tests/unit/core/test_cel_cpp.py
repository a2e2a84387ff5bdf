"""The C++ engine: its two ways of failing are one, and nothing but true and false is a verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.expression.cel_cpp import CelCppEngine, to_cel
from auditor.core.expression.interface import UndecidedError
from auditor.core.model.status import Cause
from auditor.errors import ExpressionError
from tests.unit.core.build import NOW
from tests.unit.core.jsonlike import JSON

ENGINE = CelCppEngine()


def value(source: str, **resource: object) -> object:
    bound = ENGINE.bind({"resource": resource, "now": NOW, "param": {}}, RESOURCE_VARIABLES)
    return ENGINE.compile(source, RESOURCE_VARIABLES).value(bound)


def truth(source: str, **resource: object) -> tuple[bool, tuple[str, ...]]:
    bound = ENGINE.bind({"resource": resource}, RESOURCE_VARIABLES)
    result = ENGINE.compile(source, RESOURCE_VARIABLES).truth(bound)
    return result.value, result.absorbed


# The runtime ends in an error in several ways; each is one cause here.
UNDECIDED = [
    ("a value of type ERROR", "resource.absent", Cause.MISSING_FIELD, "`absent` is missing"),
    ("RuntimeError", "resource.n.absent", Cause.EXPRESSION, "SELECT"),
    ("integer overflow", "9223372036854775807 + resource.n > 0", Cause.EXPRESSION, "overflow"),
    ("division by zero", "1 / (resource.n - 1) == 1", Cause.EXPRESSION, "zero"),
    ("modulus by zero", "1 % (resource.n - 1) == 1", Cause.EXPRESSION, "zero"),
    ("list index", "resource.l[7] == 1", Cause.EXPRESSION, "index=7 size=1"),
    ("regular expression", "resource.s.matches('(')", Cause.EXPRESSION, ""),
    ("no overload", "resource.s > 1", Cause.TYPE_ERROR, ""),
    ("no overload of a method", "resource.n.startsWith('x')", Cause.TYPE_ERROR, ""),
    ("conversion", "int(resource.s) == 1", Cause.EXPRESSION, ""),
    ("time without a zone", "timestamp('2026-01-01') < now", Cause.EXPRESSION, ""),
    ("steps", "resource.big.all(x, resource.big.all(y, y >= 0))", Cause.LIMIT, "budget"),
]


@pytest.mark.parametrize(("name", "source", "cause", "detail"), UNDECIDED)
def test_every_error_of_the_runtime_is_undecided_with_a_cause(
    name: str, source: str, cause: Cause, detail: str
) -> None:
    with pytest.raises(UndecidedError) as caught:
        value(source, n=1, s="text", l=[1], big=list(range(200)))
    assert caught.value.cause is cause, name
    assert detail in caught.value.detail
    assert 0 < len(caught.value.detail) <= 300
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    ("source", "shown"),
    [("resource.s", "'text'"), ("resource.none", "null"), ("resource.n", "1"), ("[]", "[]")],
)
def test_neither_true_nor_false_is_a_type_error_that_shows_the_value(
    source: str, shown: str
) -> None:
    with pytest.raises(UndecidedError) as caught:
        truth(source, s="text", n=1, none=None)
    assert caught.value.cause is Cause.TYPE_ERROR
    assert caught.value.detail == f"`{source}` is {shown}, neither true nor false"


def test_what_a_true_hid_is_recorded_term_by_term() -> None:
    assert truth("resource.ok || resource.absent", ok=True) == (
        True,
        ("field `absent` is missing",),
    )
    assert truth("!(resource.ok && resource.x && resource.y)", ok=False) == (
        True,
        ("field `x` is missing", "field `y` is missing"),
    )
    assert truth("resource.ok", ok=True) == (True, ())


def test_an_error_that_decides_is_not_absorbed() -> None:
    with pytest.raises(UndecidedError):
        truth("resource.ok || resource.absent", ok=False)


def test_instants_and_durations_are_values() -> None:
    since = NOW - timedelta(days=3)
    assert value("now - resource.since > duration('48h')", since=since) is True
    assert value("now - resource.since", since=since) == timedelta(days=3)
    assert value("resource.since", since=since) == since
    assert value("resource.rows[0].span < duration('2h')", rows=[{"span": timedelta(hours=1)}])


def holds_nul(document: object) -> bool:
    """True when a text or key has a NUL: the binding of version 0.1.3 cuts texts there."""
    if isinstance(document, dict):
        return any("\0" in key or holds_nul(item) for key, item in document.items())
    if isinstance(document, list):
        return any(map(holds_nul, document))
    return isinstance(document, str) and "\0" in document


@given(JSON.filter(lambda document: not holds_nul(document)))
def test_law_a_document_goes_in_and_comes_out_unchanged(document: object) -> None:
    assert value("resource.x", x=document) == document


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))  # noqa: DTZ001 - naive bounds by the library's contract
def test_law_an_instant_inside_a_document_keeps_its_microsecond(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    assert value("resource.x == timestamp(resource.text)", x=instant, text=instant.isoformat())


def test_lists_are_made_of_tuples_too() -> None:
    assert to_cel({"a": (1, [2])}) == {"a": [1, [2]]}


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("resource.", 1, 10, "Syntax error"),
        ("resource.a\n && ", 2, 5, "Syntax error"),
        ("nothing == 1", 1, 1, "undeclared reference"),
        ("resource.a == 'x' && 1 + 'x'", 1, 24, "no matching overload"),
        ("", 1, 1, "Syntax error"),
    ],
)
def test_what_does_not_compile_is_an_error_with_its_place(
    source: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        ENGINE.compile(source, RESOURCE_VARIABLES)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert message in caught.value.message


@given(st.text(max_size=12))
def test_law_any_text_compiles_or_is_an_expression_error(source: str) -> None:
    try:
        ENGINE.compile(source, RESOURCE_VARIABLES)
    except ExpressionError as error:
        assert error.message  # noqa: PT017 - both answers are right


@pytest.mark.parametrize("odd", [2**70, object(), timedelta.max])
def test_a_value_that_the_binding_refuses_is_undecided(odd: object) -> None:
    with pytest.raises(UndecidedError):
        value("resource.x == 1", x=odd)


def test_the_name_of_the_engine_has_its_version() -> None:
    assert ENGINE.name == f"cel-cpp {version('cel-expr-python')}"
