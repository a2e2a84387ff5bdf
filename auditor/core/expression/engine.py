"""The default engine `cel`: checked by Google's library, evaluated by our own code.

An expression becomes Python code over plain documents. The code is pure, so whenever it meets
anything unusual (a missing field, another type, an overflow) the exact walker decides what the
value or the error is. Only true and false are verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version
from typing import Any

from auditor.core.expression import cel_tree
from auditor.core.expression.build import build
from auditor.core.expression.compiler import Compiled, Function, compile_node
from auditor.core.expression.front import Checked, Front
from auditor.core.expression.interface import Reference, Truth, UndecidedError, VariableType
from auditor.core.expression.scope import Scope
from auditor.core.expression.values import EvaluationError, Optional, TypeValue, UInt, Value, show
from auditor.core.expression.walker import MAX_STEPS, Walker
from auditor.core.model.status import Cause

# The semantics of this evaluator; a change that could change a verdict raises it.
SEMANTICS = "1.0"
_MAX_DETAIL = 400
# What compiled code may raise where the walker must decide; anything else is a defect.
_UNUSUAL = (
    EvaluationError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    RecursionError,
)


class CelEngine:
    """Compiles expressions once and evaluates them over plain dicts.

    Args:
        steps: Elements that one macro may visit, the macros inside it included.
    """

    def __init__(self, *, steps: int = MAX_STEPS) -> None:
        self._front = Front()
        self._expressions: dict[tuple[str, tuple[tuple[str, str], ...]], CelExpression] = {}
        self.steps = steps

    @cached_property
    def name(self) -> str:
        """`cel`, the version of the evaluator, and that of the checker."""
        return f"cel {SEMANTICS} (cel-expr-python {version('cel-expr-python')})"

    def compile(self, source: str, variables: Mapping[str, VariableType]) -> CelExpression:
        """The expression, parsed and type-checked; the same one for the same text.

        Raises:
            ExpressionError: With line and column inside `source`.
        """
        key = (source, tuple(sorted(variables.items())))
        if key not in self._expressions:
            checked = self._front.check(source, variables)
            self._expressions[key] = CelExpression(checked, variables, self.steps)
        return self._expressions[key]

    def bind(
        self, variables: Mapping[str, object], types: Mapping[str, VariableType]
    ) -> Mapping[str, object]:
        """The variables as they are: nothing is converted."""
        del types
        return variables


class CelExpression:
    """One compiled expression."""

    def __init__(self, checked: Checked, variables: Mapping[str, Any], steps: int) -> None:
        self.source = checked.source
        self.steps = steps
        self.node = build(checked.tree, variables)
        self._checked = checked.tree

    @cached_property
    def fast(self) -> Compiled:
        """The code that evaluates it, made when it is first needed."""
        return compile_node(self.node, self.steps)

    @cached_property
    def strict(self) -> Compiled:
        """The code that evaluates every term."""
        return compile_node(self.node, self.steps, strict=True)

    @cached_property
    def references(self) -> frozenset[Reference]:
        """Every field path that evaluating may read."""
        return cel_tree.references(self._checked)

    @cached_property
    def may_absorb(self) -> bool:
        """An error inside it can be hidden by a true."""
        return cel_tree.may_hide_error(self._checked.expr)

    @cached_property
    def _hides_in_false(self) -> bool:
        return cel_tree.may_hide_error(self._checked.expr, wanted=False)

    def value(self, bound: Any) -> object:
        """The plain Python value, or UndecidedError."""
        return plain(self._value(bound))

    def truth(self, bound: Any) -> Truth:
        """True or false and what was absorbed, or UndecidedError."""
        try:
            value = self._first(bound)
        except _UNUSUAL:
            return self._judged(self._value(bound), bound)
        if value is True:
            return _TRUE
        if value is False and self._false_is_sure:
            return _FALSE
        return self._judged(value, bound)

    @cached_property
    def _first(self) -> Function:
        """The code to try first: where a true can hide an error, the code that hides none."""
        return (self.strict if self.may_absorb else self.fast).function

    @cached_property
    def _false_is_sure(self) -> bool:
        """A false of `_first` hides no error."""
        return self.may_absorb or not self._hides_in_false

    def _judged(self, value: Value, bound: Any) -> Truth:
        """The verdict with what was absorbed on the way to it."""
        if value is True or value is False:
            hides = self.may_absorb if value else self._hides_in_false
            return Truth(value, self._absorbed(bound) if hides else ())
        detail = f"`{self.source}` is {show(value)}, neither true nor false"
        raise UndecidedError(Cause.TYPE_ERROR, _short(detail))

    def _value(self, bound: Any) -> Value:
        try:
            return self.fast.function(bound)
        except _UNUSUAL:
            return self.walk(bound, Walker(self.steps))

    def walk(self, bound: Mapping[str, Value], walker: Walker) -> Value:
        """The value by the exact walker alone, or UndecidedError."""
        try:
            return walker.value(self.node, Scope.of(bound))
        except EvaluationError as error:
            raise UndecidedError(error.cause, _short(error.detail)) from error
        except RecursionError as error:
            detail = f"`{_short(self.source)}` meets values that are nested too deeply"
            raise UndecidedError(Cause.LIMIT, detail) from error

    def _absorbed(self, bound: Mapping[str, Value]) -> tuple[str, ...]:
        """The errors of terms that did not count. First the cheap question: is there any?"""
        try:
            self.strict.function(bound)
        except _UNUSUAL:
            return self._recorded(bound)
        return ()

    def _recorded(self, bound: Mapping[str, Value]) -> tuple[str, ...]:
        walker = Walker(self.steps, record=True)
        try:
            self.walk(bound, walker)
        except UndecidedError as error:  # only by a limit: without one the value was decided
            return (*walker.absorbed, f"not everything was examined: {error.detail}")
        more = (f"and {walker.left_out} more",) if walker.left_out else ()
        return (*walker.absorbed, *more)


_TRUE, _FALSE = Truth(value=True), Truth(value=False)
_ATOMS = frozenset({str, bool, int, float, type(None), bytes})


def plain(value: Value) -> object:
    """A value without what only expressions know: unsigned integers, types, optionals."""
    if value.__class__ in _ATOMS:
        return value
    if isinstance(value, UInt):
        return int(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (TypeValue, Optional)):
        raise UndecidedError(Cause.TYPE_ERROR, f"{show(value)} is no plain value")
    return value


def _short(text: str) -> str:
    return text if len(text) <= _MAX_DETAIL else f"{text[: _MAX_DETAIL - 1]}…"
