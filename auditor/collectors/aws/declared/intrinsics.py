"""CloudFormation's intrinsic functions, resolved as far as a template alone tells.

Source: CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters". What
depends on the account, on another stack or on a resource that is made becomes `Hidden`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.collectors.aws.declared.hidden import Hidden, first_hidden
from auditor.core.model.status import Cause

_PLACE = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = "{{resolve:"
_MAX_DEPTH = 60


class _NoValue:
    """`AWS::NoValue`: the property is left out."""


_NO_VALUE = _NoValue()


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves values of one template.

    Args:
        parameters: Name to value; `Hidden` where there is none.
        pseudo: `AWS::Region` and the like, as far as they are known.
        mappings, conditions: As written.
        resources: Logical ids.
    """

    parameters: Mapping[str, object]
    pseudo: Mapping[str, str]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: frozenset[str]

    def properties(self, value: object) -> dict[str, object]:
        """The properties of a resource, without those that resolve to nothing."""
        found = self.value(value if value is not None else {}, 0)
        if not isinstance(found, dict):
            raise ValueError(f"Properties: got {type(value).__name__}, expected a mapping")
        return found

    def value(self, value: object, depth: int) -> object:
        """A value with its functions resolved."""
        if depth > _MAX_DEPTH:
            raise ValueError("functions are nested too deep")
        if isinstance(value, list):
            items = [self.value(item, depth + 1) for item in value]
            return [item for item in items if item is not _NO_VALUE]
        if isinstance(value, str) and _DYNAMIC in value:
            return _unknown("a dynamic reference", frozenset())
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref" or str(name).startswith("Fn::") or name == "Condition":
                return self._call(str(name), argument, depth + 1)
        resolved = {str(name): self.value(inner, depth + 1) for name, inner in value.items()}
        return {name: inner for name, inner in resolved.items() if inner is not _NO_VALUE}

    def condition(self, name: object, depth: int = 0) -> bool | Hidden:
        """Whether a condition holds."""
        if not isinstance(name, str) or name not in self.conditions:
            raise ValueError(f"Conditions: there is no {name!r}")
        found = self.value(self.conditions[name], depth + 1)
        if isinstance(found, (bool, Hidden)):
            return found
        raise ValueError(f"Conditions.{name}: is neither true nor false")

    def _call(self, name: str, argument: object, depth: int) -> object:
        special: dict[str, Callable[[], object]] = {
            "Ref": lambda: self._ref(argument),
            "Condition": lambda: self._named_condition(argument, depth),
            "Fn::If": lambda: self._if(argument, depth),
            "Fn::GetAtt": lambda: self._attribute(argument),
            "Fn::Sub": lambda: self._sub(argument, depth),
            "Fn::FindInMap": lambda: _in_map(self.mappings, self.value(argument, depth)),
        }
        if name in special:
            return special[name]()
        function = _FUNCTIONS.get(name)
        resolved = self.value(argument, depth)
        hidden = first_hidden(resolved)
        if function is None or (hidden is not None and name not in {"Fn::And", "Fn::Or"}):
            return _made_of(name, resolved)
        try:
            return function(resolved)
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise ValueError(f"{name}: {error}") from error

    def _named_condition(self, argument: object, depth: int) -> object:
        if isinstance(argument, str) and argument in self.conditions:
            return self.condition(argument, depth)
        return {"Condition": self.value(argument, depth)}  # of a policy statement

    def _ref(self, name: object) -> object:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if not isinstance(name, str):
            raise ValueError(f"Ref: got {type(name).__name__}, expected a name")
        if name in self.parameters:
            return self.parameters[name]
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.resources:
            return _unknown(f"a reference to {name}", frozenset({name}))
        if name.startswith("AWS::"):
            return _unknown(name, frozenset())
        raise ValueError(f"Ref: there is no {name!r}")

    def _attribute(self, argument: object) -> Hidden:
        parts = argument.split(".") if isinstance(argument, str) else argument
        if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
            raise ValueError("Fn::GetAtt: expected a logical id and an attribute")
        named = frozenset({parts[0]}) if parts[0] in self.resources else None
        return _unknown(f"an attribute of {parts[0]}", named)

    def _if(self, argument: object, depth: int) -> object:
        if not isinstance(argument, list) or len(argument) != 3:  # noqa: PLR2004 - its grammar
            raise ValueError("Fn::If: expected a condition and two values")
        holds = self.condition(argument[0], depth)
        if isinstance(holds, Hidden):
            return holds
        return self.value(argument[1] if holds else argument[2], depth)

    def _sub(self, argument: object, depth: int) -> object:
        text: object = argument
        own: object = {}
        if isinstance(argument, list) and len(argument) == 2:  # noqa: PLR2004 - text and variables
            text, own = argument[0], self.value(argument[1], depth)
        if not isinstance(text, str) or not isinstance(own, dict):
            raise ValueError("Fn::Sub: expected a text, and perhaps variables")
        pieces: list[object] = []
        at = 0
        for place in _PLACE.finditer(text):
            pieces.append(text[at : place.start()])
            at = place.end()
            if place[1]:
                pieces.append("${" + place[2] + "}")
            elif place[2] in own:
                pieces.append(own[place[2]])
            else:
                pieces.append(self._attribute(place[2]) if "." in place[2] else self._ref(place[2]))
        return _joined("", [*pieces, text[at:]], "Fn::Sub")


def _unknown(what: str, refers: frozenset[str] | None) -> Hidden:
    return Hidden(Cause.KNOWN_AFTER_APPLY, f"{what} is known after deployment", refers)


def _made_of(name: str, value: object) -> Hidden:
    """A value that is made of what is not known; it keeps what it refers to, if that is sure."""
    hidden = first_hidden(value)
    if hidden is None:  # ImportValue, GetAZs, Transform, Cidr, ...
        return _unknown(f"what {name} gives", None)
    refers = hidden.refers if name in {"Fn::Join", "Fn::Sub", "Fn::Select"} else None
    return Hidden(hidden.cause, hidden.why, refers)


def _in_map(mappings: Mapping[str, Any], keys: object) -> object:
    if first_hidden(keys) is not None:
        return _made_of("Fn::FindInMap", keys)
    if not isinstance(keys, list) or len(keys) < 3:  # noqa: PLR2004 - map and two keys
        raise ValueError("Fn::FindInMap: expected a map and two keys")
    found: object = mappings
    for key in keys[:3]:
        if not isinstance(found, Mapping) or key not in found:
            raise ValueError(f"Fn::FindInMap: there is no {key!r}")
        found = found[key]
    return found


def _join(argument: Any) -> object:
    separator, values = argument
    return _joined(separator, values, "Fn::Join")


def _joined(separator: str, values: Sequence[object], name: str) -> object:
    if first_hidden(list(values)) is not None:
        return _made_of(name, list(values))
    if not all(isinstance(v, (str, int, float)) for v in values):
        raise ValueError(f"{name}: expected texts")
    return separator.join(_text(v) for v in values)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _either(values: Any) -> bool | Hidden:
    """True where one is; else, where one is not known, nobody knows."""
    found = [_truth(value) for value in values]
    if any(value is True for value in found):
        return True
    return next((value for value in found if isinstance(value, Hidden)), False)


def _both(values: Any) -> bool | Hidden:
    found = [_truth(value) for value in values]
    if any(value is False for value in found):
        return False
    return next((value for value in found if isinstance(value, Hidden)), True)


def _truth(value: object) -> bool | Hidden:
    if not isinstance(value, (bool, Hidden)):
        raise TypeError(f"got {type(value).__name__}, expected true or false")
    return value


def _equals(pair: Any) -> bool:
    first, second = pair
    return _text(first) == _text(second)


def _not(values: Any) -> bool:
    [value] = values
    return _truth(value) is False


def _select(argument: Any) -> object:
    index, values = argument
    if int(index) < 0 or not isinstance(values, list):
        raise ValueError("expected an index and a list")
    return values[int(index)]


def _split(argument: Any) -> list[str]:
    separator, value = argument
    return str(value).split(separator)


def _base64(value: Any) -> str:
    return base64.b64encode(str(value).encode()).decode()


_FUNCTIONS: Mapping[str, Callable[[Any], object]] = {
    "Fn::And": _both,
    "Fn::Base64": _base64,
    "Fn::Equals": _equals,
    "Fn::Join": _join,
    "Fn::Not": _not,
    "Fn::Or": _either,
    "Fn::Select": _select,
    "Fn::Split": _split,
}
