"""The dialect of YAML that people write here: plain YAML 1.2 and less.

`true` and `false` are the only booleans (`on`, `yes`, `no` are text), dates are text; anchors,
aliases and tags are errors, and so are texts too large or too deep to be meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import yaml

from auditor.errors import DefinitionError, Problem

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 60
MAX_DIGITS = 400  # far beyond any number of a control, far below Python's own limit


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
    "tag:yaml.org,2002:int": lambda text: int(text) if len(text) <= MAX_DIGITS else math.inf,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:null": lambda _text: None,
}


def compose(text: str, name: str) -> yaml.Node:
    """The tree of the one document in a text; `name` is how messages call it.

    Raises:
        DefinitionError: It is not of this dialect, with line and column.
    """
    if len(text) > MAX_CHARACTERS:
        raise refused(name, (1, 1), f"larger than {MAX_CHARACTERS} characters")
    try:
        _check_events(name, text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise refused(name, place_of(error.problem_mark), f"not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        before = text.encode("utf-8")[: error.position].decode("utf-8")
        raise refused(name, _end_of(before), f"not YAML: {error.reason}") from error
    except UnicodeEncodeError as error:
        raise refused(name, _end_of(text[: error.start]), "not YAML: half a surrogate") from error
    if not isinstance(node, yaml.Node):
        raise refused(name, (1, 1), "the file is empty")
    return node


def _check_events(name: str, text: str) -> None:
    """Refuse what this dialect leaves out, before a tree is built.

    The C library composes recursively: a text of a few thousand brackets would end the process.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.NodeEvent):
            message = _left_out(event)
            if message:
                raise refused(name, place_of(event.start_mark), message)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"nested deeper than {MAX_DEPTH} levels"
                raise refused(name, place_of(event.start_mark), message)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _left_out(event: yaml.NodeEvent) -> str:
    """What the event has that this dialect leaves out, or nothing."""
    if event.anchor is not None:
        return "anchors and aliases are not used here: repeat the value"
    tag = getattr(event, "tag", None)  # an alias has none
    if tag is not None:
        return f"the tag {tag} is not used here: write a plain value"
    return ""


def place_of(mark: Any) -> tuple[int, int]:
    """Line and column of a mark of either loader, from 1."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _end_of(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def refused(name: str, place: tuple[int, int], message: str) -> DefinitionError:
    """The error of one problem at a line and column."""
    return DefinitionError([Problem(f"{name}:{place[0]}:{place[1]}", message)])


def scalar(node: yaml.Node, name: str) -> object:
    """The value of a scalar by the tag that its text resolves to; there are no others here.

    Raises:
        DefinitionError: A number beyond all use.
    """
    value = _SCALARS[node.tag](node.value)
    if isinstance(value, float) and math.isinf(value):
        raise refused(name, place_of(node.start_mark), f"{node.value:.30} is no usable number")
    return value
