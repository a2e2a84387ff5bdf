"""The exact evaluator: walks the tree by the rules of the CEL specification.

It decides whenever compiled code met anything unusual, and it is what compiled code is tested
against. `&&` and `||` are commutative: an error on one side is absorbed when the other side
decides; `all` and `exists` likewise. With `record` every term is evaluated, so that each error
that was, or would have been, absorbed is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from auditor.core.expression.functions.comparing import has, selected
from auditor.core.expression.functions.table import FUNCTIONS
from auditor.core.expression.nodes import (
    AND,
    IF,
    OR,
    Bind,
    Call,
    Const,
    Fold,
    Ident,
    MakeList,
    MakeMap,
    Node,
    Select,
    children,
)
from auditor.core.expression.scope import Scope, step
from auditor.core.expression.unparse import text_of
from auditor.core.expression.values import (
    TYPE_NAMES,
    EvaluationError,
    LimitError,
    MissingError,
    Optional,
    TypeValue,
    Value,
    kind,
    kind_name,
    no_overload,
    show,
)
from auditor.core.model.status import Cause

MAX_STEPS = 2_000_000  # elements visited by one macro, the macros inside it included
_MAX_TERM = 100
_MAX_ABSORBED = 8
_LAZY = frozenset({"or", "orValue"})


class Walker:
    """One evaluation.

    Args:
        steps: Elements that one outermost macro may visit.
        record: Evaluate every term and collect in `absorbed` the errors that did not count.
    """

    def __init__(self, steps: int = MAX_STEPS, *, record: bool = False) -> None:
        self.steps = steps
        self.record = record
        self.absorbed: list[str] = []
        self.left_out = 0
        self._left = self.steps
        self._depth = 0

    def value(self, node: Node, scope: Scope) -> Value:
        """The value of a term.

        Raises:
            EvaluationError: It ends in an error; the detail names the term.
        """
        return self._EVALUATE[type(node)](self, node, scope)

    def truth(self, node: Node, scope: Scope) -> bool:
        """The value of a term that must be a bool."""
        value = self.value(node, scope)
        if value is True or value is False:
            return bool(value)
        text = text_of(node, _MAX_TERM)
        detail = f"`{text}` is {show(value)}, neither true nor false"
        raise EvaluationError(detail, Cause.TYPE_ERROR)

    def _const(self, node: Const, _scope: Scope) -> Value:
        return node.value

    def _ident(self, node: Ident, scope: Scope) -> Value:
        name = node.name.lstrip(".")
        values = scope.values if name == node.name else scope.root
        if name in values:
            return values[name]
        if name in TYPE_NAMES:
            return TypeValue(name)
        raise MissingError(name)

    def _select(self, node: Select, scope: Scope) -> Value:
        operand = self.value(node.operand, scope)
        try:
            return (has if node.tested else selected)(operand, node.field)
        except MissingError as error:
            raise self._placed(error, node.operand, scope) from None
        except EvaluationError as error:
            raise self._explained(error, node, scope) from None

    def _placed(self, error: MissingError, container: Node, scope: Scope) -> EvaluationError:
        """A missing field with its place, where the expression alone does not tell it."""
        path = scope.path(container)
        if path is not None and "[" in path:
            error.detail = f"{error.detail} in {path}"
        return error

    def _call(self, node: Call, scope: Scope) -> Value:
        if node.function in (AND, OR):
            return self._logic(node, scope)
        if node.function == IF:
            test, yes, no = node.args
            return self.value(yes if self.truth(test, scope) else no, scope)
        if node.function in _LAZY:
            return self._alternative(node, scope)
        arguments = [self.value(argument, scope) for argument in node.args]
        function = FUNCTIONS.get(node.function)
        if function is None:
            raise EvaluationError(f"there is no function `{node.function}`")
        try:
            return function(*arguments)
        except MissingError as error:
            raise self._placed(error, node.args[0], scope) from None
        except EvaluationError as error:
            raise self._explained(error, node, scope) from None

    def _alternative(self, node: Call, scope: Scope) -> Value:
        """`a.or(b)` and `a.orValue(b)`: b is evaluated only when a has no value."""
        optional = self.value(node.args[0], scope)
        if not isinstance(optional, Optional):
            raise self._explained(no_overload(node.function, optional), node, scope)
        if not optional.present:
            return self.value(node.args[1], scope)
        return optional.value if node.function == "orValue" else optional

    def _explained(self, error: EvaluationError, node: Node, scope: Scope) -> EvaluationError:
        """The error with the term that it came from and the values that the term read."""
        detail = f"{error.detail} in `{text_of(node, _MAX_TERM)}`"
        read = [self._read(part, scope) for part in children(node) if not isinstance(part, Const)]
        values = ", ".join(text for text in read if text)
        error.detail = f"{detail}, where {values}" if values else detail
        return error

    @staticmethod
    def _read(node: Node, scope: Scope) -> str:
        path = scope.path(node)
        if path is None:
            return ""
        try:
            return f"{path} is {show(Walker().value(node, scope))}"
        except EvaluationError:
            return ""

    def _logic(self, node: Call, scope: Scope) -> bool:
        decisive = node.function == OR
        return self._decide(decisive, (self._attempt(argument, scope) for argument in node.args))

    def _attempt(self, node: Node, scope: Scope) -> bool | EvaluationError:
        """The truth of a term, or the error that it ended in."""
        try:
            return self.truth(node, scope)
        except LimitError:
            raise
        except EvaluationError as error:
            return error

    def _decide(self, decisive: bool, outcomes: Iterator[bool | EvaluationError]) -> bool:  # noqa: FBT001 - true for `||`, false for `&&`
        """One decisive outcome decides; else the first error; else the opposite."""
        errors: list[EvaluationError] = []
        decided = False
        for outcome in outcomes:
            if isinstance(outcome, EvaluationError):
                errors.append(outcome)
            elif outcome is decisive:
                decided = True
                if not self.record:
                    break
        if decided:
            self._absorb(errors)
            return decisive
        if errors:
            raise errors[0]
        return not decisive

    def _absorb(self, errors: list[EvaluationError]) -> None:
        room = max(_MAX_ABSORBED - len(self.absorbed), 0)
        new = dict.fromkeys(error.detail for error in errors)
        fresh = [detail for detail in new if detail not in self.absorbed]
        self.absorbed += fresh[:room]
        self.left_out += len(fresh[room:])

    def _list(self, node: MakeList, scope: Scope) -> list[Value]:
        made = []
        for index, element in enumerate(node.elements):
            value = self.value(element, scope)
            if index not in node.optional:
                made.append(value)
            elif self._present(value, element, scope):
                made.append(value.value)
        return made

    def _present(self, value: Value, node: Node, scope: Scope) -> bool:
        if not isinstance(value, Optional):
            raise self._explained(no_overload("?", value), node, scope)
        return value.present

    def _map(self, node: MakeMap, scope: Scope) -> dict[Value, Value]:
        made: dict[Value, Value] = {}
        for key_node, value_node, optional in node.entries:
            key, value = self.value(key_node, scope), self.value(value_node, scope)
            if optional:
                if not self._present(value, value_node, scope):
                    continue
                value = value.value
            self._insert(made, key, value)
        return made

    @staticmethod
    def _insert(made: dict[Value, Value], key: Value, value: Value) -> None:
        if kind(key) not in {"string", "int", "uint", "bool"}:
            raise EvaluationError(f"a {kind_name(key)} is no key of a map", Cause.TYPE_ERROR)
        if key in made:
            raise EvaluationError(f"the key {show(key)} stands twice in a map")
        made[key] = value

    def _bind(self, node: Bind, scope: Scope) -> Value:
        return self.value(node.body, self.bound(node, scope))

    def bound(self, node: Bind, scope: Scope) -> Scope:
        """The scope inside a `cel.bind`."""
        value = self.value(node.value, scope)
        return scope.inner({node.name: value}, {node.name: scope.path(node.value)})

    def _fold(self, node: Fold, scope: Scope) -> Value:
        elements = self.scopes(node, scope)
        if self._depth == 0:
            self._left = self.steps
        self._depth += 1
        try:
            return self._FOLDS[node.kind](self, node, elements)
        finally:
            self._depth -= 1

    def scopes(self, node: Fold, scope: Scope) -> Iterator[Scope]:
        """The scope of each element that a macro visits."""
        over = self.value(node.over, scope)
        if kind(over) not in {"list", "map"}:
            error = EvaluationError(f"a {kind_name(over)} has no elements", Cause.TYPE_ERROR)
            raise self._explained(error, node, scope)
        return self._elements(node, over, scope)

    def _elements(self, node: Fold, over: Value, scope: Scope) -> Iterator[Scope]:
        """The scope of each element in turn."""
        base = scope.path(node.over)
        is_map = kind(over) == "map"
        for key, value in over.items() if is_map else enumerate(over):
            self._left -= 1
            if self._left < 0:
                raise LimitError(
                    f"more than {self.steps} steps in `{text_of(node, _MAX_TERM)}`"
                    f" at column {node.position + 1}"
                )
            path = None if base is None else step(base, key)
            if len(node.names) > 1:
                first, second = node.names
                yield scope.inner({first: key, second: value}, {first: None, second: path})
            elif is_map:
                yield scope.inner({node.names[0]: key}, {node.names[0]: None})
            else:
                yield scope.inner({node.names[0]: value}, {node.names[0]: path})

    def _test(self, node: Fold, scope: Scope) -> bool:
        return node.condition is None or self.truth(node.condition, scope)

    def _fold_logic(self, node: Fold, elements: Iterator[Scope]) -> bool:
        condition = node.condition
        assert condition is not None  # noqa: S101 - `all` and `exists` have one by construction
        outcomes = (self._attempt(condition, scope) for scope in elements)
        return self._decide(node.kind == "exists", outcomes)

    def _fold_one(self, node: Fold, elements: Iterator[Scope]) -> bool:
        return sum([self._test(node, scope) for scope in elements]) == 1

    def _fold_list(self, node: Fold, elements: Iterator[Scope]) -> list[Value]:
        result = node.result or Const(None)
        return [self.value(result, scope) for scope in elements if self._test(node, scope)]

    def _fold_map(self, node: Fold, elements: Iterator[Scope]) -> dict[Value, Value]:
        made: dict[Value, Value] = {}
        result = node.result or Const(None)
        for scope in elements:
            if not self._test(node, scope):
                continue
            value = self.value(result, scope)
            entries = value if node.entry else {scope.values[node.names[0]]: value}
            for key, item in entries.items():
                self._insert(made, key, item)
        return made

    _EVALUATE: ClassVar[Mapping[type[Node], Callable[[Walker, Any, Scope], Value]]] = {
        Const: _const,
        Ident: _ident,
        Select: _select,
        Call: _call,
        MakeList: _list,
        MakeMap: _map,
        Fold: _fold,
        Bind: _bind,
    }
    _FOLDS: ClassVar[Mapping[str, Callable[[Walker, Any, Iterator[Scope]], Value]]] = {
        "all": _fold_logic,
        "exists": _fold_logic,
        "exists_one": _fold_one,
        "list": _fold_list,
        "map": _fold_map,
    }
