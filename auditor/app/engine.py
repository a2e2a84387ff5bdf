"""The expression engine of a run, made once."""

from __future__ import annotations

from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.interface import Engine
from auditor.errors import UsageError

ENGINES = ("cel-cpp",)


def make_engine(name: str = "cel-cpp") -> Engine:
    """The engine of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in ENGINES:
        raise UsageError(f"no engine {name!r}; known are {', '.join(ENGINES)}")
    return CelCppEngine()
