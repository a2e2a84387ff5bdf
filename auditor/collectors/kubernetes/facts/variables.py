"""Variables of containers with harmless values: numbers, truth values, durations, quantities.

Everything else is left out, because it could be a secret; so is a number under the name of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.collectors.kubernetes.facts.podspec import containers_of, pod_spec
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text
from auditor.core.scrub import names_secret

_HARMLESS = re.compile(
    r"-?\d{1,9}(\.\d{1,6})?(ms|s|m|h|d|%|[KMGT]i?B?)?|true|false", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)


def setting_rows(items: Sequence[Item], world: World) -> Iterable[Item]:
    """A row for each such variable of each container of a workload.

    Raises:
        UnreadError: A config map that a container takes variables from could not be read.
    """
    for item in items:
        for _role, container in containers_of(pod_spec(item)):
            name = text(container.get("name"))
            for variable, value in sorted(_variables(container, item, world).items()):
                if _HARMLESS.fullmatch(value) and not names_secret(variable):
                    number = int(value) if _NUMBER.fullmatch(value) else None
                    row = {"variable": variable, "value": value, "number": number}
                    yield Item(item.kind, {**item.object, "row": row}, f"{name}/{variable}")


def _variables(container: Mapping[str, object], item: Item, world: World) -> dict[str, str]:
    """As the container gets them: `env` goes before `envFrom`, later entries before earlier."""
    found: dict[str, str] = {}
    for source in mappings(container.get("envFrom")):
        prefix = text(source.get("prefix"))
        reference = mapping(source.get("configMapRef"))
        found |= {prefix + key: value for key, value in _data(reference, item, world)}
    for variable in mappings(container.get("env")):
        found |= dict(_variable(variable, item, world))
    return found


def _variable(
    variable: Mapping[str, object], item: Item, world: World
) -> Iterator[tuple[str, str]]:
    name = text(variable.get("name"))
    source = mapping(variable.get("valueFrom"))
    if not source:
        yield name, text(variable.get("value"))
        return
    reference = mapping(source.get("configMapKeyRef"))
    for key, value in _data(reference, item, world):
        if key == reference.get("key"):
            yield name, value


def _data(reference: Mapping[str, object], item: Item, world: World) -> Iterator[tuple[str, str]]:
    """Entries of a config map; none where nothing is referred to."""
    name = text(reference.get("name"))
    if not name:
        return
    found = world.find("ConfigMap", _by_name, name, item.namespace)
    if not found and not reference.get("optional"):
        world.need_live(f"the config map {name!r}, which is not among the manifests")
    for config_map in found:
        for key, value in mapping(config_map.object.get("data")).items():
            yield key, text(value)


def _by_name(item: Item) -> tuple[str, ...]:
    return (item.name,)
