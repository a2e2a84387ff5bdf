"""CEL by Google's C++ runtime, through the package `cel-expr-python`.

Known differences from the specification in version 0.1.3 and how they are met here:

- A value under `dyn` must be JSON-like or a protobuf message; instants and durations are passed as
  `Timestamp` and `Duration`.
- Errors come in two ways, as a value of type ERROR and as RuntimeError; both are UndecidedError.
- A comprehension may take 10,000 steps in one evaluation; more is UndecidedError with cause limit.
- It has none of our own functions (`ip`, `days`...), and some of its own extensions do not run
  (`transformMap`): UndecidedError with cause engine_cannot, never another verdict.
- A `cel.bind` beside another macro may read that macro's variable instead of its own. Such an
  expression is not evaluated: engine_cannot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from typing import Any

from cel_expr_python import cel
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from auditor.core.expression import cel_tree
from auditor.core.expression.build import build
from auditor.core.expression.front import CHECKED_TYPE, Checked, Front
from auditor.core.expression.interface import Reference, Truth, UndecidedError, VariableType
from auditor.core.expression.nodes import Bind, Fold, Node, walk
from auditor.core.model.status import Cause

_MISSING_KEY = re.compile(r'Key not found in map : "(.*)"')
_MAX_TEXT = 300
# Functions that the runtime lacks; values that its binding does not convert.
_CANNOT = (
    "No overload found in reference resolve step",
    " out of range for '",
    "Non-CEL value type for '",
    "construction from null is not valid",  # a text that is no UTF-8
)


class CelCppEngine:
    """Compiles and evaluates with the C++ runtime."""

    def __init__(self) -> None:
        self._front = Front()

    @cached_property
    def name(self) -> str:
        """`cel-cpp` and the version of the package."""
        return f"cel-cpp {version('cel-expr-python')}"

    @property
    def checked_expr(self) -> Any:
        """Message class of the checked tree."""
        return self._front.checked_expr

    def environment(self, types: Mapping[str, VariableType]) -> Any:
        """The C++ environment that knows these variables."""
        return self._front.environment(types)

    def compile(self, source: str, variables: Mapping[str, VariableType]) -> CelCppExpression:
        """The expression, parsed and type-checked.

        Raises:
            ExpressionError: With line and column inside `source`.
        """
        return CelCppExpression(self, self._front.check(source, variables))

    def bind(self, variables: Mapping[str, object], types: Mapping[str, VariableType]) -> object:
        """Variables converted to the runtime's values, once for many expressions."""
        values = {name: to_cel(value) for name, value in variables.items()}
        # `now` and other declared timestamps are passed as datetime, nested ones as messages.
        for name, kind in types.items():
            if kind == "timestamp" and name in variables:
                values[name] = variables[name]
        return self.environment(types).Activation(values)


class CelCppExpression:
    """One compiled expression."""

    def __init__(self, engine: CelCppEngine, checked: Checked) -> None:
        self.source = checked.source
        self._engine = engine
        self._environment = checked.environment
        self._program = checked.program
        self._checked = checked.tree

    @cached_property
    def node(self) -> Node:
        """The tree, for explanations."""
        return build(self._checked)

    @cached_property
    def references(self) -> frozenset[Reference]:
        """Every field path that evaluating may read."""
        return cel_tree.references(self._checked)

    @cached_property
    def may_absorb(self) -> bool:
        """An error inside it can be hidden by a true."""
        return cel_tree.may_hide_error(self._checked.expr)

    @cached_property
    def _is_misread(self) -> bool:
        """The runtime could mix up variables: a `cel.bind` and any other macro."""
        macros = [node for node in walk(self.node) if isinstance(node, (Bind, Fold))]
        return len(macros) > 1 and any(isinstance(node, Bind) for node in macros)

    def value(self, bound: object) -> object:
        """The plain Python value, or UndecidedError."""
        if self._is_misread:
            detail = "this engine cannot evaluate `cel.bind` beside another macro"
            raise UndecidedError(Cause.ENGINE_CANNOT, detail)
        return _run(self._program, bound)

    def truth(self, bound: object) -> Truth:
        """True or false and what was absorbed, or UndecidedError."""
        value = self.value(bound)
        if value is not True and value is not False:
            raise UndecidedError(
                Cause.TYPE_ERROR, f"`{self.source}` is {_show(value)}, neither true nor false"
            )
        return Truth(value, self._absorbed(bound))

    def _absorbed(self, bound: object) -> tuple[str, ...]:
        """The errors of single terms, although the whole was decided."""
        errors = []
        for term in self._terms:
            try:
                _run(term, bound)
            except UndecidedError as error:
                errors.append(error.detail)
        return tuple(errors)

    @cached_property
    def _terms(self) -> tuple[Any, ...]:
        """Programs of the terms that `||`, `&&` and `!` join; none where nothing is joined."""
        leaves = cel_tree.logical_terms(self._checked.expr)
        return tuple(self._subprogram(leaf) for leaf in leaves) if len(leaves) > 1 else ()

    def _subprogram(self, node: Any) -> Any:
        checked = self._engine.checked_expr()
        checked.CopyFrom(self._checked)
        checked.expr.CopyFrom(node)
        message = AnyMessage(type_url=CHECKED_TYPE, value=checked.SerializeToString())
        return self._environment.deserialize(message.SerializeToString())


def to_cel(value: object) -> object:
    """A JSON-like value with instants and durations as protobuf messages."""
    if isinstance(value, dict):
        return {key: to_cel(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_cel(item) for item in value]
    if isinstance(value, datetime):
        instant = Timestamp()
        instant.FromDatetime(value)
        return instant
    if isinstance(value, timedelta):
        span = Duration()
        span.FromTimedelta(value)
        return span
    return value


def _run(program: Any, bound: object) -> object:
    try:
        result = program.eval(bound)
        if result.type() == cel.Type.ERROR:
            raise _undecided(str(result.value()))
        return result.plain_value()
    except RuntimeError as error:
        raise _undecided(str(error)) from error


def _undecided(text: str) -> UndecidedError:
    """The runtime's sentence as a cause and a short detail."""
    missing = _MISSING_KEY.search(text)
    if missing:
        return UndecidedError(Cause.MISSING_FIELD, f"field `{missing[1]}` is missing")
    detail = text.partition(": ")[2] or text
    detail = detail.splitlines()[0][:_MAX_TEXT]
    if any(sentence in text for sentence in _CANNOT):
        return UndecidedError(Cause.ENGINE_CANNOT, detail)
    if "No matching overload" in text or "no_matching_overload" in text:
        return UndecidedError(Cause.TYPE_ERROR, detail)
    if "budget" in text:
        return UndecidedError(Cause.LIMIT, detail)
    return UndecidedError(Cause.EXPRESSION, detail)


def _show(value: object) -> str:
    return "null" if value is None else f"{value!r}"[:_MAX_TEXT]
