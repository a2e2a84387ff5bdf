"""Catalogue files to resource types. Needs no SDK and no network.

Whether operations and paths exist is the business of `modelcheck`, where botocore is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.aws.deep import DERIVATIONS
from auditor.collectors.aws.facts import FUNCTIONS
from auditor.collectors.aws.model import FieldSpec, ServiceSpec, ShapesFile, TypeSpec
from auditor.collectors.aws.permissions import permissions
from auditor.core.model.fields import FieldType, Record, parse_field_type
from auditor.core.model.resource_type import ResourceType
from auditor.errors import DefinitionError, Problem

CATALOGUE = Path(__file__).resolve().parent / "catalogue"
_SHAPES = "_shapes.yaml"


@dataclass(frozen=True, slots=True)
class CollectedType:
    """A type of the catalogue, ready to be read.

    Args:
        service: botocore's name of its service.
        spec: As written.
        types: Type of each field, by name without `?`.
        resource_type: What the rest of the program sees.
    """

    service: str
    spec: TypeSpec
    types: Mapping[str, FieldType]
    resource_type: ResourceType

    @property
    def name(self) -> str:
        """`aws.s3.bucket`."""
        return self.resource_type.name

    @property
    def nullable(self) -> frozenset[str]:
        """Names of the fields that may be null."""
        return self.resource_type.fields.nullable


@cache  # read once per process: the files are part of the program
def load_catalogue() -> Mapping[str, CollectedType]:
    """Every type that the AWS collector can read, by name."""
    return parse_catalogue(
        {file.name: file.read_text("utf-8") for file in sorted(CATALOGUE.glob("*.yaml"))}
    )


def parse_catalogue(files: Mapping[str, str]) -> Mapping[str, CollectedType]:
    """The types of catalogue files.

    Args:
        files: File name to its YAML text; `_shapes.yaml` holds the shared shapes.

    Raises:
        DefinitionError: A file has another form; it carries every problem found.
    """
    shapes = validate(parse_yaml(files[_SHAPES], f"catalogue/{_SHAPES}"), ShapesFile).shapes
    problems: list[Problem] = []
    types: dict[str, CollectedType] = {}
    for file, text in files.items():
        if file == _SHAPES:
            continue
        try:
            source = parse_yaml(text, f"catalogue/{file}")
            service = validate(source, ServiceSpec)
        except DefinitionError as error:
            problems += error.problems
            continue
        for name, spec in service.types.items():
            try:
                types[name] = _collected(name, service.service, spec, shapes)
            except ValueError as error:
                problems.append(source.problem(("types", name), str(error)))
    if problems:
        raise DefinitionError(problems)
    return MappingProxyType(types)


def _collected(
    name: str, service: str, spec: TypeSpec, shapes: Mapping[str, object]
) -> CollectedType:
    for field, source in spec.all_fields():
        _check_function(source, f"{name}.{field}")
    if spec.locate is not None and spec.locate.via not in FUNCTIONS:
        raise ValueError(f"{name}.locate: no function {spec.locate.via!r}")
    deep = spec.deep
    if deep is not None and deep.reader not in DERIVATIONS:
        raise ValueError(f"{name}.deep: no reader {deep.reader!r}")
    declared = {field: _with_shapes(source.type, shapes) for field, source in spec.all_fields()}
    declared |= deep.fields if deep else {}
    fixed = {"account": "string"} | ({"region": "string"} if spec.has_region else {})
    record = parse_field_type(fixed | declared)
    facts = parse_field_type(_facts(spec))
    if not isinstance(record, Record) or not isinstance(facts, Record):
        raise TypeError(name)  # mappings always give records
    resource_type = ResourceType(
        name=name,
        title=spec.title,
        fields=record,
        facts=facts,
        permissions=permissions(service, spec),
        derive=DERIVATIONS[deep.reader] if deep else None,
        derived=tuple(deep.derived) if deep else (),
        personal=tuple(spec.personal),
        token=tuple(spec.token),
    )
    return CollectedType(service, spec, record.fields, resource_type)


def _check_function(source: FieldSpec, where: str) -> None:
    if source.via is not None and source.via not in FUNCTIONS:
        raise ValueError(f"{where}: no function {source.via!r}")


def _facts(spec: TypeSpec) -> dict[str, object]:
    """What every collection of the type knows, and its independent counts.

    Facts that failed are absent, with a gap: an expression that needs one is then in error.
    """
    own: dict[str, object] = {name: fact.type for name, fact in spec.facts.items()}
    common: dict[str, object] = {"account": "string", "caller": "string", "items": "int"}
    if spec.scope == "regional":
        common |= {"regions": "list<string>", "regions_not_enabled": "list<string>"}
    return common | own


def _with_shapes(spec: object, shapes: Mapping[str, object]) -> object:
    """The specification with names of shapes replaced by the shapes."""
    match spec:
        case str() if spec in shapes:
            return shapes[spec]
        case dict():
            return {name: _with_shapes(inner, shapes) for name, inner in spec.items()}
        case list():
            return [_with_shapes(inner, shapes) for inner in spec]
        case _:
            return spec
