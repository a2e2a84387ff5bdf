"""Parser and type checker, shared by all engines: text in, checked tree out.

The work is done by Google's C++ library through `cel-expr-python`; its recursion limit of 32 bounds
the depth of every tree. What a tree means is the engines' business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cel_expr_python import cel
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from auditor.core.expression import declarations
from auditor.core.expression.cel_schema import checked_expr_class
from auditor.core.expression.interface import VariableType
from auditor.errors import ExpressionError

_TYPES: Mapping[VariableType, Any] = {
    "dyn": cel.Type.DYN,
    "timestamp": cel.Type.TIMESTAMP,
    "string": cel.Type.STRING,
    "list": cel.Type.List(cel.Type.DYN),
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}
_POSITION = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_TRAILER = re.compile(r" *\[[A-Z_]+\]$")
CHECKED_TYPE = "type.googleapis.com/cel.expr.CheckedExpr"


@dataclass(frozen=True, slots=True)
class Checked:
    """A parsed and type-checked expression.

    Args:
        environment, program: Of the C++ library.
        tree: `cel.expr.CheckedExpr`.
    """

    source: str
    environment: Any
    program: Any
    tree: Any


class Front:
    """Makes an environment once for each set of variable types."""

    def __init__(self) -> None:
        self._environments: dict[tuple[tuple[str, str], ...], Any] = {}

    @cached_property
    def checked_expr(self) -> Any:
        """Message class of the checked tree; made once, it takes a few milliseconds."""
        return checked_expr_class()

    def environment(self, types: Mapping[str, VariableType]) -> Any:
        """The environment of the C++ library that knows these variables."""
        key = tuple(sorted(types.items()))
        if key not in self._environments:
            self._environments[key] = cel.NewEnv(
                config=declarations.environment_config(),
                variables={name: _TYPES[kind] for name, kind in key} | declarations.constants(),
                functions=declarations.function_declarations(),
            )
        return self._environments[key]

    def check(self, source: str, types: Mapping[str, VariableType]) -> Checked:
        """The expression, parsed and type-checked.

        Raises:
            ExpressionError: With line and column inside `source`.
        """
        environment = self.environment(types)
        try:
            program = environment.compile(source)
            tree = self.tree(program)
        except RuntimeError as error:
            raise expression_error(str(error)) from error
        except DecodeError as error:
            raise ExpressionError("the expression is nested too deeply") from error
        return Checked(source, environment, program, tree)

    def tree(self, program: Any) -> Any:
        """The `CheckedExpr` of a program of the C++ library."""
        return self.checked_expr.FromString(AnyMessage.FromString(program.serialize()).value)


def expression_error(text: str) -> ExpressionError:
    """The library's message as an error with its place."""
    match = _POSITION.search(text)
    if match is None:
        return ExpressionError(
            _TRAILER.sub("", text.splitlines()[0] if text else "no reason given")
        )
    message = _TRAILER.sub("", match[3])
    return ExpressionError(message, line=max(int(match[1]), 1), column=max(int(match[2]), 1))
