"""Values for a query's parameters, and whether evidence was read by the query that is judged by.

A statement's values come from the control's parameters and the run's moment. Judging asks for them
again: evidence that another text or other values selected says nothing about this check.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from auditor.core.canonical import canonical
from auditor.core.expression.interface import Engine, Expression, UndecidedError, VariableType
from auditor.core.model.observation import Observation
from auditor.core.model.query import Query, query_digest
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

QUERY_VARIABLES: Mapping[str, VariableType] = {"param": "map", "now": "timestamp"}
_SCALARS = (bool, int, float, str, datetime)


def bind_values(
    expressions: Mapping[str, Expression], variables: Mapping[str, object], engine: Engine
) -> dict[str, object]:
    """The values of a query's parameters, by name.

    Args:
        expressions: Compiled over `QUERY_VARIABLES`.
        variables: At least `param` and `now`.

    Raises:
        UndecidedError: One has no value, or one that no driver could be given.
    """
    seen = {name: variables[name] for name in QUERY_VARIABLES}
    bound = engine.bind(seen, QUERY_VARIABLES)
    return {name: _accepted(name, one.value(bound)) for name, one in sorted(expressions.items())}


def _accepted(name: str, value: object) -> object:
    if isinstance(value, list):
        items = [_accepted(name, item) for item in value]
        if len({type(item) for item in items}) == 1 and not isinstance(items[0], list):
            return items
        raise UndecidedError(Cause.TYPE_ERROR, f"bind {name}: expected a list of one type")
    if isinstance(value, timedelta):
        detail = f"bind {name}: a duration is no value of SQL: bind an instant (`now - param.x`)"
        raise UndecidedError(Cause.TYPE_ERROR, detail)
    if not isinstance(value, _SCALARS):
        raise UndecidedError(Cause.TYPE_ERROR, f"bind {name}: {value!r:.60} is no value of SQL")
    return value


def bound_texts(values: Mapping[str, object]) -> dict[str, str]:
    """The values as the facts of an observation state them; instants in UTC, lists as JSON."""
    return {name: _text(value) for name, value in sorted(values.items())}


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return format_instant(value)
        case list():
            return canonical([_text(item) for item in value]).decode()
        case _:
            return str(value)


def other_query(query: Query, values: Mapping[str, object], observation: Observation) -> str:
    """Why the evidence was not read by this query; "" where it was.

    Args:
        values: Of its parameters, as this judgement has them.
    """
    told = observation.facts.get("query_sha256")
    if told is None:  # nothing was asked: a gap says why, or it was not read by a query
        return "" if observation.gaps else "the evidence does not say by which query it was read"
    known = {query_digest(query.text_for(dialect)) for dialect in query.dialects}
    if told not in known:
        return "the evidence was read by another query than the check has"
    read_with = observation.facts.get("bound")
    expected = bound_texts(values)
    if read_with != expected:
        return f"the evidence was read with {read_with}, and the check asks for {expected}"
    return ""
