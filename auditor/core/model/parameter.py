"""Typed parameters of a control: a default, and the loosest value that is still allowed.

An organisation sets parameters per environment. Whatever it sets is checked against `loosest`
here and against `requires` of every mapping, so that nobody can loosen a control into green.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from auditor.core.model.fields import parse_double
from auditor.core.times import parse_duration

ParameterType = Literal[
    "duration", "int", "double", "string", "bool", "list<string>", "list<int>", "map<duration>"
]
Looser = Literal["higher", "lower", "more", "fewer"]
_REQUIREMENT = re.compile(r"(<=|>=|==)\s*(\S+)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_DIRECTIONS: Mapping[ParameterType, tuple[Looser, ...]] = {
    "duration": ("higher", "lower"),
    "int": ("higher", "lower"),
    "double": ("higher", "lower"),
    "map<duration>": ("higher", "lower"),
    "list<string>": ("more", "fewer"),
    "list<int>": ("more", "fewer"),
    "string": (),
    "bool": (),
}


class Parameter(BaseModel):
    """One parameter of a control.

    `looser` says in which direction a value becomes weaker. It follows from `default` and
    `loosest` where they differ, and must be given where they are equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ParameterType
    default: object
    loosest: object = None
    looser: Looser | None = None
    doc: str = Field(min_length=10)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        default = self.parse(self.default)
        fitting = _DIRECTIONS[self.type]
        if self.looser is not None and self.looser not in fitting:
            known = f"expected {' or '.join(fitting)}" if fitting else "which has no degrees"
            raise ValueError(f"got `looser: {self.looser}` for a {self.type}, {known}")
        if self.loosest is None:
            return self
        loosest = self.parse(self.loosest)
        if self.direction() is None and fitting:
            choice = " or ".join(f"`looser: {direction}`" for direction in fitting)
            raise ValueError(f"which way is weaker cannot be told from the values: add {choice}")
        if self.is_looser_than(default, loosest):
            raise ValueError(f"default {self.default!r} is looser than loosest {self.loosest!r}")
        return self

    def parse(self, value: object) -> object:
        """The typed value: timedelta, int, float, str, bool, or list or dict of them.

        Raises:
            ValueError: The value does not have the parameter's type.
        """
        return _PARSERS[self.type](value)

    def direction(self) -> Looser | None:
        """Which way is weaker; None where it cannot be told."""
        if self.looser is not None or self.loosest is None:
            return self.looser
        default, loosest = self.parse(self.default), self.parse(self.loosest)
        if default == loosest:
            return "more" if self.type.startswith("list") else None
        if isinstance(default, list) and isinstance(loosest, list):
            return "more" if set(default) <= set(loosest) else "fewer"
        if isinstance(default, (int, float, timedelta)) and not isinstance(default, bool):
            return "higher" if loosest > default else "lower"  # type: ignore[operator]
        return None

    def is_looser_than(self, value: object, bound: object) -> bool:
        """True when the typed `value` is weaker than the typed `bound`."""
        if isinstance(value, Mapping) and isinstance(bound, Mapping):
            lower = self.direction() == "lower"
            # A key that is left out is no limit at all.
            return any(
                key not in value or (value[key] < bound[key] if lower else value[key] > bound[key])
                for key in bound
            )
        match self.direction():
            case "higher":
                return bool(value > bound)  # type: ignore[operator]
            case "lower":
                return bool(value < bound)  # type: ignore[operator]
            case "more":
                return not set(value) <= set(bound)  # type: ignore[call-overload]
            case "fewer":
                return not set(value) >= set(bound)  # type: ignore[call-overload]
            case _:  # booleans and texts have no degrees
                return value not in (bound, self.parse(self.default))

    def check(self, value: object) -> object:
        """The typed value of an override.

        Raises:
            ValueError: Wrong type, or looser than `loosest`.
        """
        result = self.parse(value)
        if self.loosest is not None and self.is_looser_than(result, self.parse(self.loosest)):
            raise ValueError(f"{value!r} is looser than the loosest allowed {self.loosest!r}")
        return result

    def meets(self, requirement: str, value: object) -> bool:
        """True when the typed value meets a mapping's requirement such as `<= 7d`.

        Raises:
            ValueError: The requirement has another form, or another type than the parameter.
        """
        match = _REQUIREMENT.fullmatch(requirement)
        if match is None:
            raise ValueError(f"got {requirement!r}, expected `<=`, `>=` or `==` and a value")
        if match[1] != "==" and "higher" not in _DIRECTIONS[self.type]:
            raise ValueError(f"got {requirement!r} for a {self.type}, which has no order: use `==`")
        compare: Callable[[object, object], bool] = _COMPARE[match[1]]
        return compare(value, self.parse(self._written(match[2])))

    def _written(self, text: str) -> object:
        """The YAML value that a requirement's text stands for."""
        if self.type == "bool":
            return {"true": True, "false": False}.get(text, text)
        if self.type == "int" and _INTEGER.fullmatch(text):
            return int(text)
        return text


def _exact(kind: type, name: str) -> Callable[[object], object]:
    def parse(value: object) -> object:
        if type(value) is not kind:
            raise ValueError(f"got {value!r}, expected {name}")
        return value

    return parse


def _list_of(item: Callable[[object], object]) -> Callable[[object], object]:
    def parse(value: object) -> object:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"got {value!r}, expected a list")
        return [item(element) for element in value]

    return parse


def _durations(value: object) -> dict[str, timedelta]:
    if not isinstance(value, Mapping):
        raise ValueError(f"got {value!r}, expected a map of durations")
    return {str(key): parse_duration(item) for key, item in value.items()}


_text = _exact(str, "text")
_int = _exact(int, "a whole number")
_PARSERS: Mapping[str, Callable[[object], object]] = {
    "duration": parse_duration,
    "int": _int,
    "double": parse_double,
    "string": _text,
    "bool": _exact(bool, "true or false"),
    "list<string>": _list_of(_text),
    "list<int>": _list_of(_int),
    "map<duration>": _durations,
}
_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "<=": lambda value, bound: bool(value <= bound),  # type: ignore[operator]
    ">=": lambda value, bound: bool(value >= bound),  # type: ignore[operator]
    "==": lambda value, bound: value == bound,
}
