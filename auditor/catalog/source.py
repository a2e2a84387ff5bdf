"""YAML text with the place of everything in it.

The dialect is plain YAML 1.2: `true` and `false` are the only booleans (`on`, `yes`, `no` are
text), dates are text, duplicate keys, aliases and tags are errors. Each value and each key keeps
its line and column, so that any later complaint can name them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, RootModel, ValidationError

from auditor.errors import DefinitionError, Problem

Location = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_BYTES = 1_000_000
MAX_DEPTH = 60


class _Loader(yaml.CSafeLoader):
    """Scalars by the core schema of YAML 1.2, minus octal, hexadecimal and dates."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""]
)
_SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:null": lambda _text: None,
}


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
        DefinitionError: Not YAML, too large or deep, a duplicate key, an alias or a tag.
    """
    source = Source(name, text)
    if len(text) > MAX_BYTES:
        raise DefinitionError([Problem(name, f"larger than {MAX_BYTES} characters")])
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise DefinitionError([Problem(place, f"not YAML: {error.problem}")]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DefinitionError([Problem(name, f"not YAML: {error}")]) from error
    if node is None:
        raise DefinitionError([Problem(f"{name}:1:1", "the file is empty")])
    source.data = _Builder(source).build(node, ())
    return source


class _Builder:
    """Turns nodes into plain data and notes their places."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: set[int] = set()

    def build(self, node: yaml.Node, at: Location) -> object:
        """The plain value of a node."""
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.source.values[at] = place
        if id(node) in self.seen:
            raise self.error(at, "aliases are not used here: repeat the value")
        if len(at) > MAX_DEPTH:
            raise self.error(at, f"nested deeper than {MAX_DEPTH} levels")
        if not isinstance(node, yaml.ScalarNode):
            self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*at, i)) for i, item in enumerate(node.value)]
        return self.scalar(node, at)

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, object]:
        """A mapping; its keys are text, each there once."""
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.error(at, "a key must be text")
            key = self.scalar(key_node, at)
            name = key_node.value if not isinstance(key, str) else key
            child = (*at, name)
            self.source.keys[child] = (
                key_node.start_mark.line + 1,
                key_node.start_mark.column + 1,
            )
            if name in result:
                raise self.error(child, f"the key `{name}` stands here twice", key=True)
            result[name] = self.build(value_node, child)
        return result

    def scalar(self, node: yaml.Node, at: Location) -> Any:
        """A scalar by its resolved tag."""
        convert = _SCALARS.get(node.tag)
        if convert is None:
            raise self.error(at, f"the tag {node.tag} is not used here: write a plain value")
        return convert(node.value)

    def error(self, at: Location, message: str, *, key: bool = False) -> DefinitionError:
        """One problem at a place."""
        return DefinitionError([self.source.problem(at, message, key=key)])


def validate(source: Source, model: type[ModelT]) -> ModelT:
    """The source's data as a model.

    Raises:
        DefinitionError: With every problem that the model found, each with its place.
    """
    try:
        return model.model_validate(source.data, strict=False)
    except ValidationError as error:
        problems = [_problem(source, model, item) for item in error.errors()]
        raise DefinitionError(problems) from error


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
        fields = getattr(current, "model_fields", None)
        if fields is None:
            continue
        by_name = {(f.alias or name): f.annotation for name, f in fields.items()}
        current = _model_in(by_name.get(str(part))) or current
    fields = getattr(current, "model_fields", {})
    return [f.alias or name for name, f in fields.items()]


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
