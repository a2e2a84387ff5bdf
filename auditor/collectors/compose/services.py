"""A Compose file to resources. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from auditor.collectors.compose.fields import FIELDS
from auditor.collectors.compose.interpolate import OpenError, interpolated
from auditor.collectors.yaml_documents import parse_documents
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

_RENDER = "judge what `docker compose config` prints: it holds everything"
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError)


def parse_services(
    text: str, variables: Mapping[str, str]
) -> tuple[tuple[Resource, ...], tuple[Gap, ...]]:
    """The services of a file, in order of name, and what could not be read.

    Raises:
        ValueError: It is no Compose file; the message names the place.
    """
    document = _parsed(text)
    services = document.get("services")
    if not isinstance(services, dict) or not services:
        raise ValueError("services: missing or empty; this is no Compose file")
    gaps: list[Gap] = []
    if document.get("include"):
        detail = "include: what it names is not read"
        gaps.append(Gap(Cause.NOT_SUPPORTED, detail, hint=_RENDER))
    resources: list[Resource] = []
    for name, service in sorted(services.items(), key=lambda pair: str(pair[0])):
        if not isinstance(service, dict):
            told = f"services.{name}: got {type(service).__name__}, expected a mapping"
            gaps.append(Gap(Cause.UNPARSABLE, told, subject=str(name)))
        elif service.get("extends"):
            told = f"services.{name}.extends: what it names is not read"
            gaps.append(Gap(Cause.NOT_SUPPORTED, told, subject=str(name), hint=_RENDER))
        else:
            resources.append(_resource(str(name), service, variables))
    return tuple(resources), tuple(gaps)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        documents = [value for _line, value in parse_documents(text)]
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {' '.join(str(error).split())}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ValueError("expected one document, a mapping")
    return documents[0]


def _resource(name: str, service: Mapping[str, Any], variables: Mapping[str, str]) -> Resource:
    filled: Any = interpolated(dict(service), variables)
    data: dict[str, object] = {"key": name}
    unread: dict[str, Gap] = {}
    for field, read in FIELDS.items():
        try:
            data[field] = read(filled)
        except OpenError as error:
            unread[field] = error.gap
        except _MALFORMED as error:
            unread[field] = Gap(Cause.UNPARSABLE, f"services.{name}: {error}")
    return Resource(data, unread=unread)
