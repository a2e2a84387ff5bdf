"""The expression engines, and the one of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.engine import CelEngine
from auditor.core.expression.interface import Engine
from auditor.errors import UsageError

DEFAULT = "cel"
ENGINES: Mapping[str, Callable[[], Engine]] = {"cel": CelEngine, "cel-cpp": CelCppEngine}


def make_engine(name: str = DEFAULT) -> Engine:
    """The engine of that name.

    Args:
        name: `cel` evaluates with our own code, `cel-cpp` with Google's C++ runtime.

    Raises:
        UsageError: There is none.
    """
    if name not in ENGINES:
        raise UsageError(f"no engine {name!r}; known are {', '.join(ENGINES)}")
    return ENGINES[name]()
