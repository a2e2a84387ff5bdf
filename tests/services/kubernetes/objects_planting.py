"""How faults are planted: a change of the good cluster, and exactly which assertions it breaks.

A fault has a thing of its own (a deployment, a namespace, a role) wherever it can, so that what it
breaks can be told from what another one breaks. `breaks` is written `control/check/assertion key`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.services.kubernetes.objects_apps import (
    Object,
    Objects,
    ago,
    app,
    put,
)

Change = Callable[[Objects, datetime], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of the good cluster, and what it breaks."""

    name: str
    change: Change
    breaks: tuple[str, ...]


def with_path(one: Any, path: str, value: object) -> None:
    """Set (or, for None, remove) what stands at a path: `spec.containers.0.image`."""
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    for step in way:
        one = one[step] if isinstance(step, int) else one.setdefault(step, {})
    if value is None:
        del one[last]
    else:
        one[last] = value


def of_app(name: str, *breaks: str, **values: object) -> Fault:
    """An app of its own, with values in its pod template (`__` divides the steps)."""

    def change(objects: Objects, _now: datetime) -> None:
        parts = copy.deepcopy(app(name))
        for path, value in values.items():
            with_path(parts[0]["spec"]["template"]["spec"], path.replace("__", "."), value)
        put(objects, *parts)

    return Fault(name, change, breaks)


def in_container(name: str, *breaks: str, **values: object) -> Fault:
    """An app of its own, with values in its only container."""
    return of_app(
        name,
        *(f"{broken} Deployment/shop/{name}/{name}" for broken in breaks),
        **{f"containers__0__{path}": value for path, value in values.items()},
    )


def of_pods(name: str, broken: str, **values: object) -> Fault:
    """An app of its own, with values in its pods."""

    def change(objects: Objects, now: datetime) -> None:
        put(objects, *copy.deepcopy(app(name)))
        for number in (1, 2):
            for path, value in values.items():
                told = ago(now, hours=2) if value == "recent" else value
                with_path(objects[f"Pod/shop/{name}-2-{number}"], path.replace("__", "."), told)

    return Fault(name, change, (f"{broken} Deployment/shop/{name}",))


def add(name: str, make: Callable[[datetime], Sequence[Object]], *breaks: str) -> Fault:
    """Objects added."""
    return Fault(name, lambda objects, now: put(objects, *make(now)), breaks)


def changed(objects: Sequence[Object], **values: object) -> Sequence[Object]:
    """The first of some objects with values in it."""
    copies = copy.deepcopy(list(objects))
    for path, value in values.items():
        with_path(copies[0], path.replace("__", "."), value)
    return copies


def without(objects: Sequence[Object], kind: str) -> Sequence[Object]:
    """The objects but for those of a kind."""
    return [one for one in objects if one["kind"] != kind]
