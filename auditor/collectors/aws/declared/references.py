"""Which resource an argument of a Terraform configuration refers to.

The plan's `configuration` holds the references of each expression, as they are written: through
variables and outputs of modules, with `count` and `for_each`. It holds no local values: what goes
through one cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from auditor.collectors.aws.declared.blocks import Block

_MODULE = re.compile(r"module\.([^.\[]+)(?:\[[^\]]*\])?\.?")
_RESOURCE = re.compile(r"([a-z][a-z0-9]*_\w+)\.([\w-]+)(\[[^\]]*\])?")
_OUTPUT = re.compile(r"module\.([^.\[]+)(?:\[[^\]]*\])?\.([\w-]+)")
_IGNORED = re.compile(r"(each|count|path|terraform|self)\b")
_MAX_STEPS = 50
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """A resource that an expression names: its module, its name, its index where one is given."""

    module: Path
    name: str
    index: str


class _UntoldError(Exception):
    """A reference goes where it cannot be followed."""


class Configuration:
    """The modules of a configuration, by path."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._modules: dict[Path, Mapping[str, Any]] = {}
        self._calls: dict[Path, Mapping[str, Any]] = {}
        self._resources: dict[tuple[Path, str], Mapping[str, Any]] = {}
        waiting: list[tuple[Path, object]] = [((), configuration.get("root_module"))]
        while waiting:
            path, module = waiting.pop()
            found = _mapping(module)
            self._modules[path] = found
            for resource in _list(found.get("resources")):
                entry = _mapping(resource)
                self._resources[path, str(entry.get("address"))] = entry
            for name, call in _mapping(found.get("module_calls")).items():
                self._calls[(*path, name)] = _mapping(call)
                waiting.append(((*path, name), _mapping(call).get("module")))

    def written(self, change: Mapping[str, Any]) -> frozenset[str] | None:
        """The arguments that somebody wrote for a resource; None: it is not there."""
        entry = self._resources.get(_place(str(change.get("address"))))
        return None if entry is None else frozenset(_mapping(entry.get("expressions")))

    def tied(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks, each with the addresses that its arguments refer to."""
        by_name: dict[tuple[Path, str], list[Block]] = {}
        for block in blocks:
            by_name.setdefault(_place(block.address), []).append(block)
        return [replace(block, refers=self._refers(block, by_name)) for block in blocks]

    def _refers(
        self, block: Block, by_name: Mapping[tuple[Path, str], Sequence[Block]]
    ) -> dict[str, frozenset[str] | None]:
        path, name = _place(block.address)
        entry = self._resources.get((path, name), {})
        found: dict[str, frozenset[str] | None] = {}
        for argument, expression in _mapping(entry.get("expressions")).items():
            try:
                named = self._named(path, _references(expression), entry, 0)
            except _UntoldError:
                found[argument] = None
                continue
            found[argument] = frozenset(
                address for one in named for address in _instances(block, one, path, by_name)
            )
        return found

    def _named(
        self, path: Path, references: Iterable[str], entry: Mapping[str, Any], steps: int
    ) -> set[_Named]:
        """The resources behind references; raises where one cannot be followed."""
        if steps > _MAX_STEPS:
            raise _UntoldError
        found: set[_Named] = set()
        for reference in _longest(references):
            found |= self._followed(path, reference, entry, steps + 1)
        return found

    def _followed(
        self, path: Path, reference: str, entry: Mapping[str, Any], steps: int
    ) -> set[_Named]:
        if reference.startswith("each.value"):
            each = _references(entry.get("for_each_expression"))
            return self._named(path, each, {}, steps)
        if _IGNORED.match(reference):
            return set()
        if reference.startswith("var.") and path:
            name = reference.removeprefix("var.").partition(".")[0].partition("[")[0]
            given = _mapping(self._calls[path].get("expressions")).get(name)
            return self._named(path[:-1], _references(given), self._calls[path], steps)
        output = _OUTPUT.match(reference)
        if output is not None:
            inner = (*path, output[1])
            outputs = _mapping(self._modules.get(inner, {}).get("outputs"))
            if output[2] not in outputs:
                raise _UntoldError
            told = _references(_mapping(outputs[output[2]]).get("expression"))
            return self._named(inner, told, {}, steps)
        resource = _RESOURCE.match(reference)
        if resource is None or reference.startswith("data."):
            raise _UntoldError
        return {_Named(path, f"{resource[1]}.{resource[2]}", resource[3] or "")}


def _longest(references: Iterable[str]) -> list[str]:
    """Terraform writes a reference and each of its beginnings; the longest says it all."""
    texts = sorted(set(references))
    return [
        text
        for text in texts
        if not any(other != text and other.startswith((f"{text}.", f"{text}[")) for other in texts)
    ]


def _instances(
    block: Block, named: _Named, path: Path, by_name: Mapping[tuple[Path, str], Sequence[Block]]
) -> list[str]:
    """Addresses of the instances that are meant: by index, else by the same index, else all."""
    found = list(by_name.get((named.module, named.name), ()))
    if named.module == path:
        found = [one for one in found if _module(one.address) == _module(block.address)]
    if named.index:
        found = [one for one in found if one.address.endswith(named.index)]
    if len(found) > 1:
        index = _index(block.address)
        same = [one for one in found if index and _index(one.address) == index]
        found = same if len(same) == 1 else found
    return [one.address for one in found]


def _place(address: str) -> tuple[Path, str]:
    """Path of the module and name without index, of an address with indexes."""
    path: list[str] = []
    rest = address
    while match := _MODULE.match(rest):
        path.append(match[1])
        rest = rest[match.end() :]
    return tuple(path), rest.partition("[")[0]


def _module(address: str) -> str:
    rest = address
    while match := _MODULE.match(rest):
        rest = rest[match.end() :]
    return address[: len(address) - len(rest)]


def _index(address: str) -> str:
    return address[address.rindex("[") :] if address.endswith("]") else ""


def _references(expression: object) -> list[str]:
    """Every reference of an expression, also of nested blocks."""
    found: list[str] = []
    waiting = [expression]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            found += [r for r in _list(one.get("references")) if isinstance(r, str)]
            waiting.extend(value for name, value in one.items() if name != "references")
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
