"""The tree as Python code over plain documents: the fast path of the engine.

The code never has to be right about what is unusual: it raises, and the walker decides. It must
be right about every value that it returns. So each place where Python is laxer than CEL is
guarded: a bool is no number, a text has no elements, `and` takes only bools, numbers do not
overflow. The traps are named where they are met.

The function stops at the first term that decides. Its `strict` form evaluates every term of `&&`,
`||`, `all` and `exists`: when it returns, no error was absorbed.

No text of the expression reaches the code: names are numbered, literals are `repr` of a plain
type or stand in the table of constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from auditor.core.expression.functions.comparing import (
    contained,
    element,
    equal,
    has,
)
from auditor.core.expression.functions.conversions import size
from auditor.core.expression.functions.table import FUNCTIONS
from auditor.core.expression.nodes import (
    AND,
    EQUAL,
    IF,
    IN,
    INDEX,
    NOT,
    OR,
    UNEQUAL,
    Bind,
    Call,
    Const,
    Fold,
    Ident,
    MakeList,
    Node,
    Select,
)
from auditor.core.expression.static import NOT_COMPILED, is_exact, static_type
from auditor.core.expression.values import EvaluationError, Value

Function = Callable[[Mapping[str, Value]], Value]
_ORDERINGS = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
_FOLDABLE = frozenset({"timestamp", "duration", "days"})
_TEXT_TESTS = {
    "contains": "{part} in {text}",
    "startsWith": "{text}.startswith({part})",
    "endsWith": "{text}.endswith({part})",
}


class _UnsupportedError(Exception):
    """A construct that only the walker evaluates."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function over the variables, and its code for readers; empty where there is none."""

    function: Function
    code: str


def compile_node(root: Node, steps: int, *, strict: bool = False) -> Compiled:
    """The function for an expression; one that always raises where it is not supported.

    Args:
        steps: Elements that one outermost macro may visit.
        strict: Evaluate every term of `&&`, `||`, `all` and `exists`.
    """
    emitter = _Emitter(strict=strict, steps=steps)
    try:
        code = emitter.module(root)
        names: dict[str, Any] = dict(emitter.constants)
        # The code is made of numbered names and literals only, see the module's docstring.
        exec(compile(code, "<expression>", "exec"), names)  # noqa: S102
    except (_UnsupportedError, SyntaxError, RecursionError, MemoryError):
        return Compiled(_unusual, "")
    return Compiled(names["main"], code)


def _unusual(*_: object) -> NoReturn:
    """Leave the decision to the walker."""
    raise EvaluationError("unusual")


class _Emitter:
    def __init__(self, *, strict: bool, steps: int) -> None:
        self.constants: dict[str, Any] = {
            "unusual": _unusual,
            "has": has,
            "equal": equal,
            "element": element,
            "contained": contained,
            "size": size,
            "sized": (list, str, dict),
        }
        self._strict = strict
        self._steps = steps
        self._functions: list[str] = []
        self._scope: dict[str, str] = {}  # loop variable -> Python name
        self._free: dict[str, str] = {}  # variable -> Python name
        self._used: set[str] = set()
        self._count = 0
        self._depth = 0

    def module(self, root: Node) -> str:
        """The code: one function per macro, and `main`."""
        body = self._emit(root)
        loads = [f"    {name} = c[{key!r}]\n" for key, name in self._free.items()]
        main = "".join(["def main(c):\n", *loads, f"    return {body}\n"])
        return "".join([*self._functions, main])

    def _emit(self, node: Node) -> str:
        write = self._WRITERS.get(type(node))
        if write is None:
            raise _UnsupportedError
        return write(self, node)

    def _name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _constant(self, value: object) -> str:
        name = self._name("k")
        self.constants[name] = value
        return name

    def _literal(self, node: Const) -> str:
        value = node.value
        if value is None or value.__class__ in {str, bool, bytes}:
            return repr(value)
        if value.__class__ is int or (isinstance(value, float) and math.isfinite(value)):
            return f"({value!r})"
        return self._constant(value)

    def _variable(self, node: Ident) -> str:
        plain = node.name.lstrip(".")
        if node.name in self._scope:
            name = self._scope[node.name]
        else:
            # Names of types are not among the variables: KeyError, and the walker knows them.
            name = self._free.setdefault(plain, f"v{len(self._free)}")
        self._used.add(name)
        return name

    def _select(self, node: Select) -> str:
        operand = self._emit(node.operand)
        if not node.tested:
            return f"{operand}[{node.field!r}]"  # of a text, list or number it raises
        name = self._name("t")
        test = f"{node.field!r} in {name}"
        guard = f"({name} := {operand}).__class__ is dict"
        return f"({test} if {guard} else has({name}, {node.field!r}))"

    def _call(self, node: Call) -> str:
        if node.function in NOT_COMPILED:
            raise _UnsupportedError
        write = self._OPERATORS.get(node.function)
        return write(self, node) if write is not None else self._plain_call(node)

    def _plain_call(self, node: Call) -> str:
        function = FUNCTIONS.get(node.function)
        if function is None:
            raise _UnsupportedError
        if node.function in _FOLDABLE and isinstance(node.args[0], Const):
            return self._folded(function, node.args[0].value)
        if node.function in _TEXT_TESTS and node.args[2:] == ():
            return self._text_test(node, function)
        arguments = ", ".join(self._emit(argument) for argument in node.args)
        return f"{self._constant(function)}({arguments})"

    def _text_test(self, node: Call, function: Callable[..., Value]) -> str:
        """`text.contains(part)` and the like, without a call where both are texts."""
        text, part = self._name("t"), self._name("t")
        codes = [self._emit(argument) for argument in node.args]
        guards = [
            f"({name} := {code}).__class__ is str"
            for name, code in zip((text, part), codes, strict=True)
        ]
        test = _TEXT_TESTS[node.function].format(text=text, part=part)
        # Without short circuit of the guards both names are bound for the other branch.
        both = f"({guards[0]}) & ({guards[1]})"
        return f"({test} if {both} else {self._constant(function)}({text}, {part}))"

    def _size(self, node: Call) -> str:
        name = self._name("t")
        guard = f"({name} := {self._emit(node.args[0])}).__class__ in sized"
        return f"(len({name}) if {guard} else size({name}))"

    def _folded(self, function: Callable[..., Value], argument: object) -> str:
        """A literal as `duration("30d")` once, not for every resource."""
        try:
            return self._constant(function(argument))
        except EvaluationError as error:
            raise _UnsupportedError from error

    def _bool(self, node: Node) -> str:
        """Code for a term that must be a bool: no truthiness."""
        code = self._emit(node)
        if static_type(node) == "bool":
            return code
        name = self._name("t")
        return f"({name} if ({name} := {code}).__class__ is bool else unusual())"

    def _logic(self, node: Call) -> str:
        word = "and" if node.function == AND else "or"
        if self._strict:  # `&` and `|` of bools are bools, and evaluate both sides
            word = "&" if node.function == AND else "|"
        return "(" + f" {word} ".join(self._bool(argument) for argument in node.args) + ")"

    def _not(self, node: Call) -> str:
        return f"(not {self._bool(node.args[0])})"

    def _if(self, node: Call) -> str:
        test, yes, no = node.args
        return f"({self._emit(yes)} if {self._bool(test)} else {self._emit(no)})"

    def _equal(self, node: Call) -> str:
        left, right = node.args
        if isinstance(left, Const):
            left, right = right, left
        negated = node.function == UNEQUAL
        code = self._emit(left)
        if isinstance(right, Const):
            value = right.value
            if value is None or value is True or value is False:
                return f"({code} is {'not ' if negated else ''}{value!r})"
            # Python: True == 1 and False == 0. No other literal can equal a bool.
            if value.__class__ is str or (is_exact(value) and value not in (0, 1)):
                return f"({code} {'!=' if negated else '=='} {self._literal(right)})"
        call = f"equal({code}, {self._emit(right)})"
        return f"(not {call})" if negated else call

    def _order(self, node: Call) -> str:
        left, right = node.args
        sign = _ORDERINGS[node.function]
        if isinstance(right, Const) and (right.value.__class__ is str or is_exact(right.value)):
            code = self._emit(left)
            if static_type(left) in {"int", "double"} or right.value.__class__ is str:
                return f"({code} {sign} {self._literal(right)})"
            # A bool would be ordered as a number; a text or list raises by itself.
            name = self._name("t")
            guard = f"({name} := {code}).__class__ is not bool"
            return f"({name} {sign} {self._literal(right)} if {guard} else unusual())"
        if (
            isinstance(right, Call)
            and right.function in _FOLDABLE
            and isinstance(right.args[0], Const)
        ):
            # Python orders an instant or a duration with nothing else, nor with a naive instant.
            return f"({self._emit(left)} {sign} {self._emit(right)})"
        return self._plain_call(node)

    def _in(self, node: Call) -> str:
        value, container = node.args
        if (
            isinstance(container, MakeList)
            and container.elements
            and all(
                isinstance(item, Const) and item.value.__class__ is str
                for item in container.elements
            )
        ):
            texts = tuple(item.value for item in container.elements)  # type: ignore[attr-defined]
            return f"({self._emit(value)} in {self._constant(texts)})"
        return f"contained({self._emit(value)}, {self._emit(container)})"

    def _index(self, node: Call) -> str:
        container, key = node.args
        code = self._emit(container)
        if isinstance(key, Const) and key.value.__class__ is str:
            return f"{code}[{key.value!r}]"
        # Python counts negative positions from the end and indexes texts: never inline.
        return f"element({code}, {self._emit(key)})"

    def _list(self, node: MakeList) -> str:
        if node.optional:
            raise _UnsupportedError
        return "[" + ", ".join(self._emit(item) for item in node.elements) + "]"

    def _bind(self, node: Bind) -> str:
        value = self._emit(node.value)
        name = self._name("x")
        body, used = self._inside({node.name: name}, [node.body], self._emit)
        return self._define([name], used - {name}, f"    return {body[0]}\n", value)

    def _inside(
        self, names: Mapping[str, str], nodes: Iterable[Node], emit: Callable[[Node], str]
    ) -> tuple[list[str], set[str]]:
        """Code of terms that see more variables, and the Python names which that code uses."""
        outer_scope, outer_used = self._scope, self._used
        self._scope, self._used = {**outer_scope, **names}, set()
        try:
            return [emit(node) for node in nodes], self._used
        finally:
            self._scope, self._used = outer_scope, outer_used

    def _define(self, parameters: list[str], used: set[str], body: str, value: str) -> str:
        """Add a function over its parameters and outer names; the code that calls it."""
        function, outer = self._name("f"), sorted(used)
        self._used |= used
        self._functions.append(f"def {function}({', '.join([*parameters, *outer])}):\n{body}")
        return f"{function}({', '.join([value, *outer])})"

    def _fold(self, node: Fold) -> str:
        if len(node.names) != 1 or node.kind == "map":
            raise _UnsupportedError
        over = self._emit(node.over)
        name = self._name("x")
        self._depth += 1
        try:
            codes, used = self._inside({node.names[0]: name}, [node], self._loop)
        finally:
            self._depth -= 1
        body = self._guard(shared="m" in used) + codes[0].replace("\0", name)
        outer = used - {name}
        # `m` counts down the steps: the outermost macro makes it, the inner ones share it.
        outer = outer | {"m"} if self._depth else outer - {"m"}
        return self._define(["it"], outer, body, over)

    def _guard(self, *, shared: bool) -> str:
        """Only lists and maps have elements (a text has none), and only so many."""
        kinds = "    if it.__class__ is not list and it.__class__ is not dict: unusual()\n"
        if self._depth:
            return kinds + "    m[0] -= len(it)\n    if m[0] < 0: unusual()\n"
        if not shared:
            return kinds + f"    if len(it) > {self._steps}: unusual()\n"
        return kinds + f"    m = [{self._steps} - len(it)]\n    if m[0] < 0: unusual()\n"

    def _loop(self, node: Node) -> str:
        assert isinstance(node, Fold)  # noqa: S101 - called by _fold only
        return self._LOOPS[node.kind](self, node)

    def _loop_logic(self, node: Fold) -> str:
        condition = self._bool(node.condition or Const(None))
        found = node.kind == "exists"
        test = condition if found else f"not {condition}"
        if self._strict:
            return (
                f"    r = {not found}\n    for \0 in it:\n"
                f"        if {test}: r = {found}\n    return r\n"
            )
        return f"    for \0 in it:\n        if {test}: return {found}\n    return {not found}\n"

    def _loop_one(self, node: Fold) -> str:
        test = self._bool(node.condition or Const(None))
        return f"    n = 0\n    for \0 in it:\n        if {test}: n += 1\n    return n == 1\n"

    def _loop_list(self, node: Fold) -> str:
        test = f"if {self._bool(node.condition)}: " if node.condition is not None else ""
        made = self._emit(node.result or Const(None))
        return f"    r = []\n    for \0 in it:\n        {test}r.append({made})\n    return r\n"

    _WRITERS: ClassVar[Mapping[type[Node], Callable[[_Emitter, Any], str]]] = {
        Const: _literal,
        Ident: _variable,
        Select: _select,
        Call: _call,
        MakeList: _list,
        Fold: _fold,
        Bind: _bind,
    }
    _OPERATORS: ClassVar[Mapping[str, Callable[[_Emitter, Call], str]]] = {
        AND: _logic,
        OR: _logic,
        NOT: _not,
        IF: _if,
        EQUAL: _equal,
        UNEQUAL: _equal,
        IN: _in,
        INDEX: _index,
        "size": _size,
        **dict.fromkeys(_ORDERINGS, _order),
    }
    _LOOPS: ClassVar[Mapping[str, Callable[[_Emitter, Fold], str]]] = {
        "all": _loop_logic,
        "exists": _loop_logic,
        "exists_one": _loop_one,
        "list": _loop_list,
    }
