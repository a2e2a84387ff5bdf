"""What is certain of a term before it runs, for the compiler's short cuts."""

from __future__ import annotations

from auditor.core.expression.nodes import IF, INDEX, Call, Const, Fold, Node, Select
from auditor.core.expression.values import UInt

_EXACT = 2**53  # integers below it are doubles too, so Python's comparison is CEL's
NOT_COMPILED = frozenset({"or", "orValue", "_[?_]", "_?._"})


def is_exact(value: object) -> bool:
    """A number that compares to every other in Python as in CEL."""
    if value.__class__ is bool or isinstance(value, UInt):
        return False
    return isinstance(value, (int, float)) and -_EXACT < value < _EXACT


def static_type(node: Node) -> str:
    """The type that a term has for certain when it has a value; `dyn` where documents decide.

    The checker's type is trusted only for results of our own functions, never for what is read.
    """
    match node:
        case Const():
            return node.type
        case Select(tested=True) | Fold(kind="all" | "exists" | "exists_one"):
            return "bool"
        case Call(function=function) if function == IF:
            _, yes, no = node.args
            return static_type(yes) if static_type(yes) == static_type(no) else "dyn"
        case Call(function=function) if function in (INDEX, "dyn") or function in NOT_COMPILED:
            return "dyn"
        case Call():
            return node.type
        case _:
            return "dyn"
