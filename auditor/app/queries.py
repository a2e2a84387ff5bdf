"""The queries of controls with their values, for the target that is about to be read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from auditor.core.evaluate.queries import QUERY_VARIABLES, bind_values
from auditor.core.expression.interface import Engine, UndecidedError
from auditor.core.model.policy import Policy
from auditor.core.model.query import BoundQuery, Query
from auditor.core.model.target import Target


def bound_queries(
    policy: Policy, target: Target, types: Collection[str], now: datetime, engine: Engine
) -> dict[str, BoundQuery]:
    """Resource type to its query, for those of `types` that a query makes.

    Args:
        now: The moment of the run.
    """
    found: dict[str, BoundQuery] = {}
    for control in policy.controls:
        for check in control.checks:
            if check.query is not None and check.resource in types and check.resource not in found:
                parameters = policy.parameters(target.environment, control)
                variables = {"param": parameters, "now": now}
                found[check.resource] = _bound(check.resource, check.query, variables, engine)
    return found


def _bound(name: str, query: Query, variables: dict[str, object], engine: Engine) -> BoundQuery:
    expressions = {n: engine.compile(text, QUERY_VARIABLES) for n, text in query.bind.items()}
    try:
        return BoundQuery(name, query, bind_values(expressions, variables, engine))
    except UndecidedError as error:
        return BoundQuery(name, query, {}, problem=error.detail)
