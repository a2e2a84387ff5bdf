"""Resource types written as YAML: text -> `ResourceType` by name.

The file is a mapping from the type's name to its entry:

    tls.name:
      title: Name and the certificates served for it
      fields: {endpoint: string, addresses: list<string>}
      facts: {names: int}          # optional
      permissions: [...]           # optional
      active: false                # optional

The syntax of `fields` and `facts` is that of `auditor.core.model.fields`. What a type means, and
its `derive` step, are the collector's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.ident import TypeName
from auditor.core.model.resource_type import Derive, ResourceType
from auditor.errors import DefinitionError, Problem


class _Entry(BaseModel):
    """One type as the file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=3)
    fields: dict[str, object] = Field(min_length=1)
    facts: dict[str, object] = Field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    active: bool = False


_FILE = TypeAdapter(dict[TypeName, _Entry])


class _UniqueKeys(yaml.SafeLoader):
    """YAML's own loader keeps the last of two equal keys in silence; a lost field is a defect."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's own signature
    ) -> dict[Hashable, object]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"{', '.join(twice)} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def load_resource_types(
    path: Path, derive: Mapping[str, Derive] | None = None
) -> dict[str, ResourceType]:
    """The resource types of one file, in its order.

    Args:
        path: A file as described at the top of this module.
        derive: Pure step from raw evidence to facts, by name of the type that has one.

    Raises:
        DefinitionError: Not such a file; each problem names the type and the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError([Problem(str(path), f"cannot be read: {error}")]) from error
    return parse_resource_types(text, path.name, derive)


def parse_resource_types(
    text: str, where: str, derive: Mapping[str, Derive] | None = None
) -> dict[str, ResourceType]:
    """The resource types of a text; `where` names it in messages.

    Raises:
        DefinitionError: Wrong YAML, an unknown key or type, or a `derive` for no type.
    """
    steps = dict(derive or {})
    try:
        entries = _FILE.validate_python(yaml.load(text, _UniqueKeys))  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise DefinitionError([Problem(where, f"not YAML: {error}")]) from error
    except ValidationError as error:
        raise DefinitionError(_problems(error, where)) from error
    unknown = sorted(steps.keys() - entries.keys())
    if unknown:
        raise DefinitionError([Problem(where, f"derive step for no type: {', '.join(unknown)}")])
    return {
        name: ResourceType(
            name=name,
            title=entry.title,
            fields=_record(entry.fields, f"{where}: {name}.fields"),
            facts=_record(entry.facts, f"{where}: {name}.facts"),
            permissions=entry.permissions,
            derive=steps.get(name),
            active=entry.active,
        )
        for name, entry in entries.items()
    }


def _record(spec: Mapping[str, object], where: str) -> Record:
    try:
        parsed = parse_field_type(spec)
    except ValueError as error:
        raise DefinitionError([Problem(where, str(error))]) from error
    if not isinstance(parsed, Record):  # a mapping always gives a record
        raise DefinitionError([Problem(where, "expected a mapping of fields")])
    return parsed


def _problems(error: ValidationError, where: str) -> list[Problem]:
    return [
        Problem(f"{where}: {'.'.join(str(part) for part in item['loc'])}", item["msg"])
        for item in error.errors()
    ]
