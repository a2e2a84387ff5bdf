"""`Condition` of an AWS policy statement ("IAM JSON policy elements: Condition operators").

Every operator and every key must hold; one of a key's values suffices, none may match for a
negated operator. A key that the context lacks fails a positive operator and satisfies a negated
one or one with `IfExists`. An operator that is not known is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from auditor.core.expression.functions.conversions import to_double, to_timestamp
from auditor.core.expression.functions.globs import glob_matches
from auditor.core.expression.functions.network import parse_cidr, parse_ip
from auditor.core.expression.values import EvaluationError, Value, kind, show
from auditor.core.model.status import Cause

_IF_EXISTS = "IfExists"
_Test = Callable[[str, str], bool]  # (value of the policy, value of the request)


def _in_network(network: str, address: str) -> bool:
    if "/" not in network:
        return parse_ip(network) == parse_ip(address)
    return parse_ip(address) in parse_cidr(network).network


def _numbers(compare: Callable[[float, float], bool]) -> _Test:
    return lambda limit, value: compare(to_double(value), to_double(limit))


def _instants(compare: Callable[[datetime, datetime], bool]) -> _Test:
    return lambda limit, value: compare(to_timestamp(value), to_timestamp(limit))


_TESTS: Mapping[str, _Test] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": glob_matches,
    "ArnEquals": glob_matches,
    "ArnLike": glob_matches,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "IpAddress": _in_network,
    "NumericEquals": _numbers(lambda value, limit: value == limit),
    "NumericLessThan": _numbers(lambda value, limit: value < limit),
    "NumericLessThanEquals": _numbers(lambda value, limit: value <= limit),
    "NumericGreaterThan": _numbers(lambda value, limit: value > limit),
    "NumericGreaterThanEquals": _numbers(lambda value, limit: value >= limit),
    "DateEquals": _instants(lambda value, limit: value == limit),
    "DateLessThan": _instants(lambda value, limit: value < limit),
    "DateLessThanEquals": _instants(lambda value, limit: value <= limit),
    "DateGreaterThan": _instants(lambda value, limit: value > limit),
    "DateGreaterThanEquals": _instants(lambda value, limit: value >= limit),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def condition_holds(conditions: Value, context: Value) -> bool:
    """True when every condition holds for the context.

    Raises:
        EvaluationError: Not a condition block, or an operator that is not known.
    """
    if kind(conditions) != "map" or kind(context) != "map":
        raise EvaluationError("a Condition and a context are maps", Cause.TYPE_ERROR)
    lowered = {str(key).lower(): value for key, value in context.items()}
    # A list, not a generator: an unknown operator is an error wherever it stands.
    held = [
        _holds(operator, values, lowered.get(key.lower()))
        for operator, keys in conditions.items()
        for key, values in _pairs(keys)
    ]
    return all(held)


def _pairs(keys: Value) -> list[tuple[str, Value]]:
    if kind(keys) != "map":
        raise EvaluationError("a condition operator takes a map of keys", Cause.TYPE_ERROR)
    return list(keys.items())


def _holds(operator: str, wanted: Value, value: Value) -> bool:
    if operator == "Null":
        return (value is None) == (_texts(wanted)[0].lower() == "true")
    optional = operator.endswith(_IF_EXISTS)
    name = operator.removesuffix(_IF_EXISTS)
    test = _TESTS.get(_NEGATED.get(name, name))
    if test is None:
        raise EvaluationError(f"condition operator {show(operator)} is not supported")
    negated = name in _NEGATED
    if value is None:
        return optional or negated
    if kind(value) == "list":
        raise EvaluationError("a context value with several values needs ForAllValues")
    actual = _text(value)
    return any(test(one, actual) for one in _texts(wanted)) != negated


def _texts(values: Value) -> list[str]:
    return [_text(value) for value in (values if kind(values) == "list" else [values])]


def _text(value: Value) -> str:
    """Policies write numbers and booleans with and without quotes."""
    value_kind = kind(value)
    if value_kind == "string":
        return str(value)
    if value_kind == "bool":
        return "true" if value else "false"
    if value_kind in {"int", "double"}:
        return str(value)
    raise EvaluationError(f"a condition value is a text, got {value_kind}", Cause.TYPE_ERROR)
