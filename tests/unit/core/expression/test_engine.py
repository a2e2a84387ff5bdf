"""The engine `cel`: verdicts, what it absorbs, its limits, its messages."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from auditor.core.expression.build import build
from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.compiler import compile_node
from auditor.core.expression.declarations import EXTENSIONS
from auditor.core.expression.engine import CelEngine
from auditor.core.expression.front import expression_error
from auditor.core.expression.interface import Truth, UndecidedError
from auditor.core.expression.nodes import Call, Const, Ident, MakeList, MakeMap, Node
from auditor.core.expression.scope import Scope
from auditor.core.expression.values import EvaluationError, show
from auditor.core.expression.walker import Walker
from auditor.core.model.status import Cause
from auditor.errors import ExpressionError
from tests.unit.core.expression.conformance import CHECKED
from tests.unit.core.expression.evaluating import ENGINE, NOW, TYPES, compiled, value, variables


def truth(source: str, resource: Any = None) -> Truth:
    return compiled(source).truth(variables(resource))


def undecided(source: str, resource: Any = None) -> UndecidedError:
    with pytest.raises(UndecidedError) as caught:
        compiled(source).truth(variables(resource))
    return caught.value


def test_name_tells_evaluator_and_checker() -> None:
    assert ENGINE.name.startswith("cel 1.0 (cel-expr-python ")


def test_one_text_is_compiled_once() -> None:
    assert compiled("resource.a") is compiled("resource.a")
    assert (
        compiled("resource.a").references == CelCppEngine().compile("resource.a", TYPES).references
    )


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [("resource.a ==", 1, 14), ("true &&\n nope", 2, 2), ("int('5') + 'a'", 1, 10)],
)
def test_errors_at_load_have_a_place(source: str, line: int, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(source)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "INVALID_ARGUMENT" not in caught.value.message


@pytest.mark.parametrize(
    "source", ["(" * 40 + "1" + ")" * 40, "google.protobuf.Duration{seconds: 1} == duration('1s')"]
)
def test_what_no_engine_takes_is_refused_at_load(source: str) -> None:
    with pytest.raises(ExpressionError):
        compiled(source)


def test_place_of_an_unsupported_construct() -> None:
    with pytest.raises(ExpressionError, match="Duration") as caught:
        compiled("true &&\n  google.protobuf.Duration{seconds: 1} == duration('1s')")
    assert (caught.value.line, caught.value.column) == (2, 3)


def test_message_without_a_place() -> None:
    assert expression_error("odd [X]").message == "odd"
    assert expression_error("").message == "no reason given"


@pytest.mark.parametrize("name", EXTENSIONS)
def test_every_extension_is_there(name: str) -> None:
    source = {
        "bindings": "cel.bind(x, 1, x) == 1",
        "encoders": "base64.encode(b'a') == 'YQ=='",
        "lists": "[2, 1].sort() == [1, 2]",
        "math": "math.abs(-1) == 1",
        "optional": "optional.of(1).hasValue()",
        "regex": "regex.extract('a', 'a').hasValue()",
        "sets": "sets.contains([1], [1])",
        "strings": "'a'.upperAscii() == 'A'",
        "two-var-comprehensions": "[0].all(i, v, i == v)",
    }[name]
    assert truth(source).value is True


@pytest.mark.parametrize("found", [None, 1, 0, "true", "", [], {}, 1.0])
def test_only_a_bool_is_a_verdict(found: object) -> None:
    error = undecided("resource.x", {"x": found})
    assert error.cause is Cause.TYPE_ERROR
    assert "neither true nor false" in error.detail


@pytest.mark.parametrize("found", [None, 1, 0, "true", [], {}])
@pytest.mark.parametrize(
    "source",
    [
        "resource.x && true",
        "false || resource.x",
        "!resource.x",
        "resource.x ? true : false",
        "[1].all(i, resource.x)",
        "[1].exists(i, resource.x)",
        "size([1].filter(i, resource.x)) == 1",
    ],
)
def test_no_truthiness_anywhere(source: str, found: object) -> None:
    assert undecided(source, {"x": found}).cause is Cause.TYPE_ERROR


ABSORBED = [
    ("resource.ok || resource.no", True, ("field `no` is missing",)),
    ("resource.no || resource.ok", True, ("field `no` is missing",)),
    ("resource.l.exists(x, x.a == 1)", True, ("field `a` is missing in resource.l[0]",)),
    ("!resource.l.all(x, x.a == 2)", True, ("field `a` is missing in resource.l[0]",)),
    ("resource.ok || resource.ok", True, ()),
    ("resource.ok && resource.bad && resource.no", False, ("field `no` is missing",)),
    ("resource.l.all(x, x.a == 2)", False, ("field `a` is missing in resource.l[0]",)),
    ("resource.ok && resource.bad", False, ()),
    ("resource.ok ? resource.ok || resource.no : false", True, ("field `no` is missing",)),
]


@pytest.mark.parametrize(("source", "expected", "absorbed"), ABSORBED)
def test_absorbed_errors_are_told(source: str, expected: object, absorbed: tuple[str, ...]) -> None:
    document: dict[str, Any] = {"ok": True, "bad": False, "l": [{}, {"a": 1}]}
    assert truth(source, document) == Truth(value=bool(expected), absorbed=absorbed)


def test_a_long_list_of_absorbed_errors_tells_how_many_are_left_out() -> None:
    document = {"l": [*({} for _ in range(20)), {"a": 1}]}
    absorbed = truth("resource.l.exists(x, x.a == 1)", document).absorbed
    assert len(absorbed) == 9
    assert absorbed[-1] == "and 12 more"


def test_twelve_thousand_users_evaluate() -> None:
    users = [{"name": f"u{n}", "mfa": True} for n in range(12_000)]
    assert truth("resource.users.all(u, u.mfa)", {"users": users}).value is True
    users[-1] = {"name": "odd"}
    error = undecided("resource.users.all(u, u.mfa)", {"users": users})
    assert error.detail == "field `mfa` is missing in resource.users[11999]"


@pytest.mark.parametrize(
    "source",
    [
        "resource.all(a, true)",
        "resource.all(a, resource.all(b, resource.exists(c, c == b)))",
        "resource.exists(a, resource.all(b, a == b)) || true",
    ],
)
def test_the_step_budget_ends_in_an_error_with_its_place(source: str) -> None:
    engine = CelEngine(steps=50)
    with pytest.raises(UndecidedError) as caught:
        engine.compile(source, TYPES).truth(variables(list(range(60))))
    assert caught.value.cause is Cause.LIMIT
    assert "more than 50 steps" in caught.value.detail
    assert "at column" in caught.value.detail


def test_the_budget_is_of_one_macro_not_of_the_expression() -> None:
    engine = CelEngine(steps=50)
    source = "resource.all(a, a >= 0) && resource.all(a, [1].all(b, a >= 0))"
    bound = variables(list(range(25)))
    assert engine.compile(source, TYPES).truth(bound).value is True


def test_what_could_not_be_examined_for_absorption_is_told() -> None:
    engine = CelEngine(steps=50)
    source = "resource.l.exists(a, a == 0 || a.x) || resource.l.all(a, resource.l.all(b, true))"
    found = engine.compile(source, TYPES).truth(variables({"l": list(range(40))}))
    assert found.value is True
    assert "not everything was examined" in found.absorbed[-1]


def test_a_regular_expression_bomb_is_harmless() -> None:
    assert truth("resource.matches('^(a+)+$')", "a" * 50_000 + "b").value is False
    assert undecided("resource.matches('((a{100}){100}){100}')", "a").cause is Cause.EXPRESSION
    assert undecided("'a'.matches(resource)", "a" * 20_000).cause is Cause.LIMIT
    assert undecided("resource.matches('a')", "a" * 5_000_000).cause is Cause.LIMIT
    assert (
        undecided("regex.replace(resource, 'a', 'bb') == ''", "a" * 5_000_000).cause is Cause.LIMIT
    )


def test_doubling_a_text_ends_in_an_error() -> None:
    source = "resource"
    for name in "abcdefghij":
        source = f"cel.bind({name}, {source}, {name} + {name} + {name} + {name} + {name} + {name})"
    error = undecided(f"size({source}) > 0", "0123456789")
    assert error.cause is Cause.LIMIT


def test_a_document_nested_without_end_is_an_error() -> None:
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    error = undecided("resource.a == resource.b", {"a": deep, "b": [deep]})
    assert error.cause is Cause.LIMIT


def test_a_json_text_nested_without_end_is_an_error() -> None:
    assert undecided("json(resource) == 1", "[" * 100_000).cause is Cause.EXPRESSION
    assert undecided("json(resource) == 1", "[" * 20_000_000).cause is Cause.LIMIT


def test_names_and_literals_cannot_leave_their_place_in_the_code() -> None:
    evil = "x'] or __import__('os').system('true') or c['"
    source = f'resource["{evil}"] == "{evil}"'
    assert truth(source, {evil: evil}).value is True
    code = compiled(source).fast.code
    assert "__import__('os')" not in code.replace(repr(evil), "")


def test_loop_variables_hide_variables() -> None:
    assert truth("[1].all(resource, resource == 1) && resource == 2", 2).value is True
    assert truth("[1].all(resource, .resource == 2)", 2).value is True
    assert truth("[[1]].all(x, x.all(x, x == 1))").value is True


def test_a_variable_that_was_not_given_is_an_error() -> None:
    with pytest.raises(UndecidedError, match="field `now` is missing"):
        compiled("now == now").truth({"resource": 1})


@dataclass(frozen=True)
class Odd:
    """No JSON value."""


@pytest.mark.parametrize("odd", [Odd(), {1, 2}, 1j, object])
def test_a_value_of_another_world_is_an_error(odd: object) -> None:
    assert undecided("resource.x < 1", {"x": odd}).cause is Cause.TYPE_ERROR
    assert truth("resource.x == 7 || resource.x == 1", {"x": odd}).value is False
    assert undecided("resource.x == resource.x", {"x": odd}).cause is Cause.TYPE_ERROR


class Text(str):
    """A text of a library."""

    __slots__ = ()


class Fields(dict[str, int]):
    """A map of a library."""


def test_subclasses_of_plain_types_are_their_plain_type() -> None:
    assert truth("resource.x == 'a' && resource.x < 'b' && type(resource.x) == string",
                 {"x": Text("a")}).value is True  # fmt: skip
    assert show(Text("a")) == '"a"'
    assert truth("resource.a == 1 && has(resource.a)", Fields(a=1)).value is True
    assert compiled("resource.a").walk(variables(Fields(a=1)), Walker()) == 1
    assert undecided("resource.b == 1", Fields(a=1)).cause is Cause.MISSING_FIELD
    assert value("now") is NOW
    assert show(timedelta(minutes=1)) == "1m"
    assert show(timedelta(microseconds=1)) == "1e-06s"


def test_a_term_that_was_not_evaluated_is_not_shown_in_an_error() -> None:
    detail = undecided("resource.a.orValue(resource.zz) == 1", {"a": 1}).detail
    assert detail == (
        "`orValue` does not take (int) in `resource.a.orValue(resource.zz)`, where resource.a is 1"
    )


def test_macros_nested_too_deeply_are_refused_at_load() -> None:
    source = "true"
    for number in range(27):
        source = f"resource.all(x{number}, {source})"
    with pytest.raises(ExpressionError, match=r"nest|recursion"):
        compiled(source)


def test_a_tree_with_an_unknown_macro_is_refused() -> None:
    tree = CHECKED()
    with pytest.raises(ExpressionError, match="empty term"):
        build(tree)
    loop = tree.expr.comprehension_expr
    loop.iter_var, loop.accu_var = "x", "@result"
    loop.iter_range.list_expr.SetInParent()
    for step in (loop.loop_step.const_expr, loop.loop_step.call_expr):
        step.SetInParent()
        with pytest.raises(ExpressionError, match="macro is not supported"):
            build(tree)


def test_cpp_says_what_it_cannot() -> None:
    engine = CelCppEngine()
    for source in ("ip('10.0.0.1').isLoopback()", "{'a': 1}.transformMap(k, v, v).a == 1"):
        with pytest.raises(UndecidedError) as caught:
            engine.compile(source, TYPES).truth(engine.bind({"resource": 1}, TYPES))
        assert caught.value.cause is Cause.ENGINE_CANNOT
    for odd in (2**70, Odd(), "\ud800"):
        with pytest.raises(UndecidedError) as caught:
            engine.compile("resource.x == 1", TYPES).truth(
                engine.bind({"resource": {"x": odd}}, TYPES)
            )
        assert caught.value.cause is Cause.ENGINE_CANNOT


def test_cpp_refuses_what_it_would_evaluate_wrongly() -> None:
    source = "resource.exists(x, x > 0) && cel.bind(r, 5, r == 5)"
    assert truth(source, [1, 2]).value is True
    engine = CelCppEngine()
    expression = engine.compile(source, TYPES)
    with pytest.raises(UndecidedError) as caught:
        expression.truth(engine.bind({"resource": [1, 2]}, TYPES))
    assert caught.value.cause is Cause.ENGINE_CANNOT
    # The defect itself: when this fails, the runtime is mended and the rule can go.
    activation = engine.environment(TYPES).Activation({"resource": [1, 2]})
    assert expression._program.eval(activation).value() is False


def test_values_are_shown_short_and_on_one_line() -> None:
    assert show("a\n\x1b") == '"a\\n\\x1b"'
    assert show({"a": [1, None, True, NOW]}) == '{"a": [1, null, true, 2026-03-31T12:00:00Z]}'
    assert len(show(list(range(1000)))) == 60
    assert show("x" * 1000).endswith("…")


def walk(node: Node) -> object:
    return Walker().value(node, Scope.of({}))


@pytest.mark.parametrize(
    "node",
    [
        MakeList((Const(1),), frozenset({0})),
        MakeMap(((Const("a"), Const(1), True),)),
        Call("no.such", (Const(1),)),
        Call("contains", (Const("a"), Const("b"), Const("c")), receiver=True),
    ],
)
def test_trees_that_the_checker_would_not_make_are_errors(node: Node) -> None:
    with pytest.raises(EvaluationError):
        walk(node)
    with pytest.raises(EvaluationError):
        compile_node(node, 10).function({})


def test_an_unknown_kind_of_node_is_left_to_the_walker() -> None:
    with pytest.raises(EvaluationError):
        compile_node(Node(), 10).function({})


def test_types_are_values_too() -> None:
    assert value("type(resource) == list || type(resource) == string", "a") is True
    assert walk(Ident("int")) == walk(Ident("int"))
