"""Environment variables: which hold a secret in plain text. Values are not kept.

A value counts as a secret by the form of known vendors or by the name that it stands under: the
rules are those that redact evidence (`auditor.core.scrub`).
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.collectors.kubernetes.world import mapping, mappings, text
from auditor.core.scrub import is_reference, names_secret, scrub

_SOURCES = {
    "secretKeyRef": "secret",
    "configMapKeyRef": "config_map",
    "fieldRef": "field",
    "resourceFieldRef": "resource",
    "fileKeyRef": "file",
}


def environment(container: Mapping[str, object]) -> list[dict[str, object]]:
    """Each variable: its name, where its value comes from, and whether it is a plain secret."""
    return [_variable(variable) for variable in mappings(container.get("env"))]


def _variable(variable: Mapping[str, object]) -> dict[str, object]:
    name = text(variable.get("name"))
    source = mapping(variable.get("valueFrom"))
    known = [ours for theirs, ours in _SOURCES.items() if source.get(theirs) is not None]
    value = text(variable.get("value"))
    return {
        "name": name,
        "source": (known or ["other" if source else "value"])[0],
        "plain_secret": is_plain_secret(name, value),
    }


def environment_sources(container: Mapping[str, object]) -> list[dict[str, object]]:
    """`envFrom`: which secrets and config maps become variables as a whole."""
    found: list[dict[str, object]] = []
    for source in mappings(container.get("envFrom")):
        for theirs, ours in (("secretRef", "secret"), ("configMapRef", "config_map")):
            if source.get(theirs) is not None:
                found.append({"source": ours, "name": text(mapping(source[theirs]).get("name"))})
    return found


def is_plain_secret(name: str, value: str) -> bool:
    """Whether a value is a secret by itself, or by the name that it stands under."""
    if names_secret(name) and not is_reference(value):
        return True
    return scrub(value).count > 0
