"""Types of the fields of a resource, and the step from JSON to typed values.

Evidence is JSON: times and durations are strings, doubles are decimal strings. A resource type
declares what each field is, so that `now - resource.created_at` subtracts instants and not texts.

Syntax, in YAML: a scalar is its name (`string`, `int`, `double`, `bool`, `timestamp`, `duration`,
`any`), `list<T>` and `map<T>` nest, a mapping is a record, a list with one mapping in it is a list
of records. A field whose *name* ends with `?` may be null; every other field must be there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.core.times import parse_duration, parse_instant

_GENERIC = re.compile(r"(list|map)<(.+)>", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf: `name` is one of SCALARS."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items all have one type."""

    item: FieldType


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from text to one type."""

    value: FieldType


@dataclass(frozen=True, slots=True)
class Record:
    """Named fields. `nullable` holds the names that may be null."""

    fields: Mapping[str, FieldType]
    nullable: frozenset[str] = frozenset()


FieldType = Scalar | ListOf | MapOf | Record


class FieldTypeError(ValueError):
    """A value does not have its declared type. `path` is dotted, relative to the resource."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def parse_field_type(spec: object) -> FieldType:
    """The type that a YAML specification names.

    Raises:
        ValueError: Unknown name or shape; the message names it.
    """
    if isinstance(spec, str):
        match = _GENERIC.fullmatch(spec)
        if match:
            inner = parse_field_type(match[2])
            return ListOf(inner) if match[1] == "list" else MapOf(inner)
        if spec in SCALARS:
            return Scalar(spec)
        raise ValueError(
            f"unknown type {spec!r}, expected one of {', '.join(SCALARS)}, list<T>, map<T>"
        )
    if isinstance(spec, Mapping):
        fields = {str(name).removesuffix("?"): parse_field_type(t) for name, t in spec.items()}
        nullable = frozenset(str(name)[:-1] for name in spec if str(name).endswith("?"))
        if len(fields) < len(spec):
            raise ValueError(f"a field stands twice in {', '.join(map(str, spec))}")
        return Record(fields, nullable)
    if isinstance(spec, list) and len(spec) == 1:
        return ListOf(parse_field_type(spec[0]))
    raise ValueError(f"{spec!r} is no type: expected a name, a mapping, or a list of one mapping")


def typed(value: object, of: FieldType, path: str = "") -> object:
    """The JSON value with instants, durations and doubles in their Python types.

    Fields that the type does not name are left out: an expression can only see what is declared.

    Raises:
        FieldTypeError: The value does not have the type.
    """
    match of:
        case Scalar(name):
            return SCALARS[name](value, path)
        case ListOf(item):
            if not isinstance(value, (list, tuple)):
                raise FieldTypeError(path, f"got {_name(value)}, expected a list")
            return [typed(element, item, f"{path}[{i}]") for i, element in enumerate(value)]
        case MapOf(inner):
            if not isinstance(value, Mapping):
                raise FieldTypeError(path, f"got {_name(value)}, expected a map")
            return {key: typed(element, inner, _join(path, key)) for key, element in value.items()}
        case _:
            return typed_record(value, of, path)


def typed_record(value: object, of: Record, path: str = "") -> dict[str, object]:
    """A record's fields. One that may be null may also be absent; any other must be there.

    Raises:
        FieldTypeError: A field is missing or has another type.
    """
    if not isinstance(value, Mapping):
        raise FieldTypeError(path, f"got {_name(value)}, expected a record")
    result: dict[str, object] = {}
    for name, field in of.fields.items():
        if name not in value:
            if name not in of.nullable:
                raise FieldTypeError(_join(path, name), "is missing")
            continue
        if value[name] is None:
            if name not in of.nullable:
                raise FieldTypeError(_join(path, name), "is null, and its type does not allow null")
            result[name] = None
        else:
            result[name] = typed(value[name], field, _join(path, name))
    return result


def _exactly(kind: type) -> Callable[[object, str], object]:
    def convert(value: object, path: str) -> object:
        if type(value) is not kind:  # bool is an int to Python, and must not be one here
            raise FieldTypeError(path, f"got {_name(value)}, expected {kind.__name__}")
        return value

    return convert


def parse_double(value: object) -> float:
    """The number of a decimal string; numbers are taken as they are.

    Raises:
        ValueError: Another form, or not finite: every comparison with NaN is false, so a limit
            of NaN would limit nothing.
    """
    decimal = isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
    if decimal or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        try:
            number = float(value)  # type: ignore[arg-type]  # a decimal text or a number
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise ValueError(f"got {_name(value)}, expected a decimal number")


def _double(value: object, path: str) -> float:
    try:
        return parse_double(value)
    except ValueError as error:
        raise FieldTypeError(path, str(error)) from error


def _instant(value: object, path: str) -> datetime:
    try:
        return parse_instant(value)
    except ValueError as error:
        raise FieldTypeError(path, str(error)) from error


def _span(value: object, path: str) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise FieldTypeError(path, str(error)) from error


SCALARS: Mapping[str, Callable[[object, str], object]] = {
    "string": _exactly(str),
    "int": _exactly(int),
    "bool": _exactly(bool),
    "double": _double,
    "timestamp": _instant,
    "duration": _span,
    "any": lambda value, _path: value,
}


def _name(value: object) -> str:
    return "null" if value is None else f"{type(value).__name__} {value!r:.60}"


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def field_spec(of: FieldType) -> object:
    """The YAML or JSON form of a type: the inverse of `parse_field_type`."""
    match of:
        case Scalar(name):
            return name
        case ListOf(item):
            spec = field_spec(item)
            return f"list<{spec}>" if isinstance(spec, str) else [spec]
        case MapOf(value):
            return f"map<{field_spec(value)}>"
        case _:
            return {
                f"{name}?" if name in of.nullable else name: field_spec(field)
                for name, field in of.fields.items()
            }
