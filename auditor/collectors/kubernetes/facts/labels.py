"""Label selectors (meta/v1 LabelSelector): matchLabels and matchExpressions, all must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.collectors.kubernetes.facts.podspec import names
from auditor.collectors.kubernetes.world import mapping, mappings, text

Labels = Mapping[str, object]
_OPERATORS: Mapping[str, Callable[[object, Sequence[str]], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _values: value is not None,
    "DoesNotExist": lambda value, _values: value is None,
}


def selects(selector: Mapping[str, object], labels: Labels) -> bool:
    """Whether a selector fits; an empty one fits everything.

    Raises:
        ValueError: An operator that the API does not have.
    """
    wanted = mapping(selector.get("matchLabels"))
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(_holds(one, labels) for one in mappings(selector.get("matchExpressions")))


def selects_everything(selector: Mapping[str, object]) -> bool:
    """Whether a selector has no condition at all."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def _holds(expression: Mapping[str, object], labels: Labels) -> bool:
    operator = text(expression.get("operator"))
    if operator not in _OPERATORS:
        raise ValueError(f"unknown operator {operator!r} of a label selector")
    value = labels.get(text(expression.get("key")))
    return _OPERATORS[operator](value, names(expression.get("values")))
