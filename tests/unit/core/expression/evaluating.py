"""Evaluate one expression in all ways and insist that they agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from auditor.core.expression.engine import CelEngine, CelExpression, plain
from auditor.core.expression.interface import UndecidedError
from auditor.core.expression.walker import Walker

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TYPES = {"resource": "dyn", "param": "map", "now": "timestamp"}
ENGINE = CelEngine()


def compiled(source: str) -> CelExpression:
    return ENGINE.compile(source, TYPES)


def variables(resource: Any = None, **param: Any) -> dict[str, Any]:
    return {"resource": resource, "param": param, "now": NOW}


def value(source: str, resource: Any = None, **param: Any) -> object:
    """The value; the walker must say the same."""
    expression, bound = compiled(source), variables(resource, **param)
    found = expression.value(bound)
    walked = plain(expression.walk(bound, Walker()))
    assert repr(walked) == repr(found)
    return found


def error(source: str, resource: Any = None, **param: Any) -> UndecidedError:
    """The error that evaluating ends in."""
    expression, bound = compiled(source), variables(resource, **param)
    try:
        found = expression.value(bound)
    except UndecidedError as undecided:
        return undecided
    raise AssertionError(f"{source} is {found!r}, expected an error")
