"""Resource types written as YAML: text -> `ResourceType` by name.

The file is a mapping from the type's name to its entry:

    tls.name:
      title: Name and the certificates served for it
      fields: {endpoint: string, addresses: list<string>}
      facts: {names: int}          # optional
      derived: [...]               # optional: the fields that the type's `derive` step answers for
      permissions: [...]           # optional
      personal: [...]              # optional: fields about a person, kept apart (field_path)
      token: [...]                 # optional: fields of which only equality is kept
      active: false                # optional

The syntax of `fields` and `facts` is that of `auditor.core.model.fields`. What a type means, and
its `derive` step, are the collector's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel

from auditor.catalog.source import Location, Source, parse_yaml, validate
from auditor.core.model.field_path import check_flags
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
    derived: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    active: bool = False
    personal: tuple[str, ...] = ()
    token: tuple[str, ...] = ()


class _File(RootModel[dict[TypeName, _Entry]]):
    """The whole file."""


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
        DefinitionError: Wrong YAML, an unknown key or type, a `derive` for no type, `derived` that
            does not fit (without a step, empty beside one, or of no field), or flags of no field.
    """
    steps = dict(derive or {})
    source = parse_yaml(text, where)
    entries = validate(source, _File).root
    unknown = sorted(steps.keys() - entries.keys())
    if unknown:
        raise DefinitionError([Problem(where, f"derive step for no type: {', '.join(unknown)}")])
    return {name: _type(source, name, entry, steps.get(name)) for name, entry in entries.items()}


def _type(source: Source, name: str, entry: _Entry, step: Derive | None) -> ResourceType:
    fields = _record(source, (name, "fields"), entry.fields)
    try:
        check_flags(fields, entry.personal, entry.token)
    except ValueError as error:
        raise DefinitionError([source.problem((name,), str(error))]) from error
    return ResourceType(
        name=name,
        title=entry.title,
        fields=fields,
        facts=_record(source, (name, "facts"), entry.facts),
        permissions=entry.permissions,
        derive=step,
        derived=_derived(source, name, entry, has_step=step is not None),
        active=entry.active,
        personal=entry.personal,
        token=entry.token,
    )


def _derived(source: Source, name: str, entry: _Entry, *, has_step: bool) -> tuple[str, ...]:
    """The listed fields; a step and its list go together, or nobody would miss what it omits."""
    known = {field.removesuffix("?") for field in entry.fields}
    unknown = sorted(set(entry.derived) - known)
    if unknown:
        raise DefinitionError(
            [source.problem((name, "derived"), f"no field: {', '.join(unknown)}")]
        )
    if has_step != bool(entry.derived):
        said = "lists no field for its step" if has_step else "has no step for its fields"
        raise DefinitionError([source.problem((name,), f"`derived` {said}")])
    return entry.derived


def _record(source: Source, at: Location, spec: Mapping[str, object]) -> Record:
    try:
        parsed = parse_field_type(spec)
    except ValueError as error:
        raise DefinitionError([source.problem(at, str(error))]) from error
    if not isinstance(parsed, Record):  # a mapping always gives a record
        raise DefinitionError([source.problem(at, "expected a mapping of fields")])
    return parsed
