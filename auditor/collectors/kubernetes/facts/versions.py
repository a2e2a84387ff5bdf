"""Versions of what nodes run."""

from __future__ import annotations

import re

from auditor.collectors.kubernetes.world import Item, World, text

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?", re.ASCII)
_RUNTIME = re.compile(r"(?P<name>[a-z0-9-]+)://(?P<version>.+)", re.ASCII)


def version_numbers(value: object, _item: Item, _world: World) -> list[int]:
    """The numbers that a version begins with: `6.1.0-18-amd64` -> [6, 1, 0].

    Raises:
        ValueError: It does not begin with two.
    """
    match = _NUMBERS.match(text(value))
    if match is None:
        raise ValueError(f"no version: {value!r}")
    return [int(number) for number in match.groups() if number is not None]


def minors_behind(value: object, item: Item, world: World) -> int:
    """Minor versions that a kubelet is behind the API server; negative where it is ahead.

    Raises:
        UnreadError: The server's version is not known.
    """
    return world.server_minor() - version_numbers(value, item, world)[1]


def runtime_name(value: object, _item: Item, _world: World) -> str:
    """`containerd` of `containerd://1.7.13`."""
    return _runtime(value)["name"]


def runtime_numbers(value: object, item: Item, world: World) -> list[int]:
    """[1, 7, 13] of `containerd://1.7.13`."""
    return version_numbers(_runtime(value)["version"], item, world)


def _runtime(value: object) -> re.Match[str]:
    match = _RUNTIME.fullmatch(text(value))
    if match is None:
        raise ValueError(f"no container runtime: {value!r}")
    return match
