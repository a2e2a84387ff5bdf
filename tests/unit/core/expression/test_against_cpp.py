"""Our engine against Google's C++ runtime: on any document the same verdict, or none in both.

Differences are kept out by rule, none by a list: what the C++ runtime lacks ends in the cause
engine_cannot, and the generator makes no `int(" 5 ")`, which C++ takes and we refuse.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.engine import CelEngine
from auditor.core.expression.functions.comparing import equal
from auditor.core.expression.interface import Engine, UndecidedError
from auditor.core.expression.walker import Walker
from auditor.core.model.status import Cause
from auditor.errors import ExpressionError
from tests.unit.core.expression.generated import EXPRESSIONS, NOW, PARAM, TYPES, damaged, document

OWN, CPP = CelEngine(), CelCppEngine()
BUDGET = settings(
    max_examples=2500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def bound(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource, "param": PARAM, "now": NOW}


def outcome(engine: Engine, source: str, resource: dict[str, Any]) -> object:
    try:
        return engine.compile(source, TYPES).truth(engine.bind(bound(resource), TYPES)).value
    except UndecidedError as error:
        return "engine cannot" if error.cause is Cause.ENGINE_CANNOT else "undecided"


def well_typed(source: str) -> bool:
    try:
        OWN.compile(source, TYPES)
    except ExpressionError:
        return False
    return True


@BUDGET
@given(EXPRESSIONS, st.lists(damaged(), min_size=1, max_size=3))
def test_both_engines_agree(source: str, resources: list[dict[str, Any]]) -> None:
    assume(well_typed(source))
    for resource in (document(), *resources):
        theirs = outcome(CPP, source, resource)
        if theirs != "engine cannot":
            assert outcome(OWN, source, resource) == theirs, (source, resource)


@BUDGET
@given(EXPRESSIONS, st.lists(damaged(), min_size=1, max_size=3))
def test_compiled_code_is_what_the_walker_says(
    source: str, resources: list[dict[str, Any]]
) -> None:
    assume(well_typed(source))
    expression = OWN.compile(source, TYPES)
    for resource in (document(), *resources):
        variables = bound(resource)
        for walker in (Walker(), Walker(record=True)):
            try:
                walked = expression.walk(variables, walker)
            except UndecidedError:
                walked = UndecidedError
            for compiled in (expression.fast, expression.strict):
                try:
                    value = compiled.function(variables)
                except Exception:  # noqa: BLE001, S112 - whatever it is: the walker decides
                    continue
                assert walked is not UndecidedError, (source, resource)
                assert equal(value, walked), (source, resource)


@BUDGET
@given(EXPRESSIONS, damaged())
def test_what_was_absorbed_is_told_exactly_when_something_was(
    source: str, resource: dict[str, Any]
) -> None:
    assume(well_typed(source))
    expression = OWN.compile(source, TYPES)
    variables = bound(resource)
    if outcome(OWN, source, resource) == "undecided":
        return
    truth = expression.truth(variables)
    walker = Walker(record=True)
    expression.walk(variables, walker)
    assert truth.absorbed == tuple(walker.absorbed)
