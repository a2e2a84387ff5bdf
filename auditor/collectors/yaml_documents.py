"""YAML as tools that deploy read it: no dates, no key twice, no document without bounds.

They turn YAML into JSON: a date stays a text, and a key that stands twice is an error. Aliases are
allowed, but not a few lines that stand for millions of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_MAX_VALUES = 5_000_000
_MAX_DEPTH = 100
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class DocumentLoader(yaml.CSafeLoader):
    """The safe loader, without dates and with an error for keys that stand twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own form of declaration
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """A mapping whose keys are texts, each once."""
        seen = set()
        for key, _value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            name = self.construct_object(key, deep=True)
            if not isinstance(name, (str, int, bool, float)) or name in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"line {line}: key {name!r} stands twice, or is no text")
            seen.add(name)
        return super().construct_mapping(node, deep)


def parse_documents(
    text: str, loader_of: type[DocumentLoader] = DocumentLoader
) -> Iterator[tuple[int, object]]:
    """Line (from 1) and value of each document that is not empty.

    Args:
        loader_of: A loader that knows further tags.

    Raises:
        yaml.YAMLError: Wrong YAML.
        ValueError: A document stands for too many values.
    """
    loader = loader_of(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:  # the stream has ended
                return
            sizes: dict[int, int] = {}
            if _size(node, sizes, 0) > _MAX_VALUES:
                raise ValueError("its aliases stand for too many values")
            value = loader.construct_document(node)
            if value is not None:
                yield node.start_mark.line + 1, value
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[int, int], depth: int) -> int:
    """Values that a node stands for, each alias counted again."""
    if depth > _MAX_DEPTH:
        raise ValueError("it is nested more than 100 deep")
    if id(node) not in sizes:
        below: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            below = list(node.value)
        elif isinstance(node, yaml.MappingNode):
            below = [part for pair in node.value for part in pair]
        sizes[id(node)] = 1 + sum(_size(part, sizes, depth + 1) for part in below)
    return sizes[id(node)]
