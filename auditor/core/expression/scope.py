"""Variables during evaluation, and where in the document the value of a term stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.core.expression.nodes import INDEX, Call, Const, Ident, Node, Select
from auditor.core.expression.values import Value


@dataclass(slots=True)
class Scope:
    """Values of variables by name.

    Args:
        root: The variables without loop variables and bound names.
        paths: For loop variables and bound names the path of their value, where it has one.
    """

    values: Mapping[str, Value]
    root: Mapping[str, Value]
    paths: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, variables: Mapping[str, Value]) -> Scope:
        """The outermost scope."""
        return cls(variables, variables)

    def inner(self, values: Mapping[str, Value], paths: Mapping[str, str | None]) -> Scope:
        """The scope with more variables, or others of the same names."""
        return Scope({**self.values, **values}, self.root, {**self.paths, **paths})

    def path(self, node: Node) -> str | None:
        """`spec.containers[1].image`, or None where the term is no place in the document."""
        match node:
            case Ident():
                return self.paths.get(node.name, node.name.lstrip("."))
            case Select(tested=False):
                base = self.path(node.operand)
                return None if base is None else f"{base}.{node.field}"
            case Call(function=function) if function == INDEX:
                base, key = self.path(node.args[0]), node.args[1]
                return step(base, key.value) if base and isinstance(key, Const) else None
            case _:
                return None


def step(base: str, key: Value) -> str:
    """The path of an element: `base[3]`, `base.name`, `base["odd name"]`."""
    if isinstance(key, str):
        return f"{base}.{key}" if key.isidentifier() else f'{base}["{key}"]'
    return f"{base}[{key}]"
