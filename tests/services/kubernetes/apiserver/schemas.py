"""The official schemas of the API's objects, out of `kubernetes-validate`, each read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from kubernetes_validate import utils
from referencing import Registry, Resource


def validate(one: Mapping[str, Any], version: str) -> None:
    """Refuse an object with a field too many, too few, or of another type.

    Raises:
        jsonschema.ValidationError: What does not fit.
    """
    _validator(str(one["kind"]), str(one["apiVersion"]), version).validate(dict(one))


@cache
def _validator(kind: str, api: str, version: str) -> Draft202012Validator:
    patch = next(v for v in utils.all_versions() if utils.major_minor(v) == version)
    folder = f"kubernetes-json-schema/v{patch}-local-strict"
    group, slash, number = api.partition("/")
    name = f"{kind}-{group.partition('.')[0]}-{number}" if slash else f"{kind}-{api}"
    schema = utils.schema_contents(f"{folder}/{name.lower()}.json", version)
    return Draft202012Validator(schema, registry=_definitions(folder, version))


@cache
def _definitions(folder: str, version: str) -> Registry[Any]:
    definitions = utils.schema_contents(f"{folder}/_definitions.json", version)
    empty: Registry[Any] = Registry()
    return Resource.from_contents(definitions) @ empty
