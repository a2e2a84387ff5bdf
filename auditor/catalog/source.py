"""YAML text with the place of everything in it.

Each value and each key keeps its line and column, so that any later complaint can name them. What
is accepted as YAML at all is the dialect's matter; what the data must be is the model's.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, RootModel, ValidationError

from auditor.catalog.dialect import compose, place_of, refused, scalar
from auditor.errors import DefinitionError, Problem

Location = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(slots=True)
class Source:
    """A parsed file.

    Args:
        name: How messages call the file.
        text: Its text, as written.
        data: Plain dict, list and scalars.
        values, keys: Place of each value and of each mapping key, (line, column) from 1.
    """

    name: str
    text: str
    data: object = None
    values: dict[Location, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Location, tuple[int, int]] = field(default_factory=dict)

    def where(self, location: Sequence[str | int], *, key: bool = False) -> str:
        """`file:line:column` of the nearest known place at or above the location."""
        at = tuple(location)
        if key and at in self.keys:
            return self._text(self.keys[at])
        while at not in self.values and at:
            at = at[:-1]
        return self._text(self.values.get(at, (1, 1)))

    def _text(self, place: tuple[int, int]) -> str:
        return f"{self.name}:{place[0]}:{place[1]}"

    def problem(
        self, location: Sequence[str | int], message: str, hint: str = "", *, key: bool = False
    ) -> Problem:
        """A problem at a location."""
        return Problem(self.where(location, key=key), message, hint)


def parse_yaml(text: str, name: str) -> Source:
    """The data of one YAML document with the places of its parts.

    Raises:
        DefinitionError: Not YAML, too large or deep, a duplicate key, an anchor, alias or tag.
    """
    source = Source(name, text)
    source.data = _Builder(source).build(compose(text, name), ())
    return source


def read_yaml(path: Path, name: str) -> Source:
    """The YAML document of a file; `name` is how messages call it.

    Raises:
        DefinitionError: It cannot be read, is not text in UTF-8, or is refused by `parse_yaml`.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise refused(name, (1, 1), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise refused(name, (line, 1), f"not text in UTF-8: {error.reason}") from error
    return parse_yaml(text, name)


class _Builder:
    """Turns nodes into plain data and notes their places."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def build(self, node: yaml.Node, at: Location) -> object:
        """The plain value of a node."""
        self.source.values[at] = place_of(node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*at, i)) for i, item in enumerate(node.value)]
        return scalar(node, self.source.name)

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, object]:
        """A mapping; its keys are text, each there once."""
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            place = place_of(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                raise refused(self.source.name, place, "a key must be text")
            name = key_node.value  # as written: `1`, `true` and `on` are keys like any other
            child = (*at, name)
            self.source.keys[child] = place
            if name in result:
                message = f"the key `{name}` stands here twice"
                raise refused(self.source.name, place, message)
            result[name] = self.build(value_node, child)
        return result


def validate(source: Source, model: type[ModelT]) -> ModelT:
    """The source's data as a model.

    Raises:
        DefinitionError: With every problem that the model found, each with its place.
    """
    try:
        return model.model_validate(source.data, strict=False)
    except ValidationError as error:
        errors = [item for item in error.errors() if not _is_echo(item)]
        raise DefinitionError([_problem(source, model, item) for item in errors]) from error


def _is_echo(error: Any) -> bool:
    """True for `too short` of a list that is long enough: pydantic counts its valid items only."""
    if error["type"] != "too_short":
        return False
    return bool(len(error["input"]) >= error["ctx"]["min_length"])


def _problem(source: Source, model: type[BaseModel], error: Any) -> Problem:
    """One of pydantic's errors in our words."""
    location: Location = tuple(part for part in error["loc"] if part != "[key]")
    name = str(location[-1]) if location else ""
    match error["type"]:
        case "extra_forbidden":
            known = _known_fields(model, location[:-1])
            message = f"unknown field `{name}`{did_you_mean(name, known)}"
            return source.problem(location, message, key=True)
        case "missing":
            return source.problem(location[:-1], f"the field `{name}` is missing")
        case _:
            message = str(error["msg"]).removeprefix("Value error, ")
            got = error.get("input")
            shown = f" (got {got!r:.80})" if not isinstance(got, (dict, list)) else ""
            shown = "" if "got " in message else shown
            return source.problem(location, f"{name}: {message}{shown}" if name else message)


def _known_fields(model: type[BaseModel], location: Location) -> list[str]:
    """The fields of the model at a location; follows nested models, lists and mappings."""
    current: Any = model
    if issubclass(model, RootModel):  # the file itself is a list or mapping of models
        current = _model_in(model.model_fields["root"].annotation) or model
    for part in location:
        by_name = {(f.alias or name): f.annotation for name, f in current.model_fields.items()}
        current = _model_in(by_name.get(str(part))) or current
    return [f.alias or name for name, f in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `tuple[X, ...]`, `X | None`, `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean `x`?` or, where nothing is near, the known names or nothing."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f", did you mean `{near[0]}`?"
    return f"; known are {', '.join(names)}" if 0 < len(names) <= 12 else ""  # noqa: PLR2004
