"""Catalogue files to resource types. Needs no SDK and no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from auditor.catalog.source import Source, parse_yaml, validate
from auditor.collectors.kubernetes.facts import FACTS, FIELDS, FILTERS, ROWS
from auditor.collectors.kubernetes.kinds import Kind, permission
from auditor.collectors.kubernetes.model import FieldSpec, KindsFile, TopicFile, TypeSpec
from auditor.collectors.kubernetes.paths import parse_path
from auditor.core.model.field_path import check_flags
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.resource_type import ResourceType
from auditor.errors import DefinitionError, Problem

CATALOGUE = Path(__file__).resolve().parent / "catalogue"
_KINDS = "_kinds.yaml"
# What every type has, and what the collection of every type knows.
COMMON: Mapping[str, object] = MappingProxyType(
    {
        "key": "string",
        "kind": "string",
        "namespace": "string",
        "name": "string",
        "labels": "map<string>",
    }
)
COMMON_FACTS: Mapping[str, object] = MappingProxyType(
    {
        "caller": "string",
        "cluster": "string",
        "server_version?": "string",
        "items": "int",
        "counted?": "int",
        "served": "bool",
        "declared": "bool",
        "namespaces": "list<string>",
    }
)


@dataclass(frozen=True, slots=True)
class CollectedType:
    """A type of the catalogue, ready to be read.

    Args:
        spec: As written.
        kinds: Its own kinds.
        joins: Kinds that it only looks at.
        fields: Fields by name without `?`, with the steps of their paths.
        resource_type: What the rest of the program sees.
    """

    spec: TypeSpec
    kinds: tuple[Kind, ...]
    joins: tuple[Kind, ...]
    fields: Mapping[str, tuple[FieldSpec, tuple[str | None, ...]]]
    resource_type: ResourceType

    @property
    def name(self) -> str:
        """`kubernetes.workload`."""
        return self.resource_type.name

    @property
    def all_kinds(self) -> tuple[Kind, ...]:
        """Everything that is listed for it, each once."""
        return tuple(dict.fromkeys((*self.kinds, *self.joins)))


@cache  # read once per process: the files are part of the program
def load_catalogue() -> Mapping[str, CollectedType]:
    """Every type that the Kubernetes collector can read, by name."""
    return parse_catalogue(
        {file.name: file.read_text("utf-8") for file in sorted(CATALOGUE.glob("*.yaml"))}
    )


@cache
def load_kinds() -> Mapping[str, Kind]:
    """Every kind that the catalogue knows, by its name there."""
    return _kinds((CATALOGUE / _KINDS).read_text("utf-8"))


def parse_catalogue(files: Mapping[str, str]) -> Mapping[str, CollectedType]:
    """The types of catalogue files.

    Args:
        files: File name to its YAML text; `_kinds.yaml` holds the kinds.

    Raises:
        DefinitionError: A file has another form; it carries every problem found.
    """
    kinds = _kinds(files[_KINDS])
    problems: list[Problem] = []
    types: dict[str, CollectedType] = {}
    for file, text in files.items():
        if file == _KINDS:
            continue
        try:
            source = parse_yaml(text, f"catalogue/{file}")
            specs = validate(source, TopicFile).types
        except DefinitionError as error:
            problems += error.problems
            continue
        for name, spec in specs.items():
            if name in types:
                problems.append(source.problem(("types", name), f"{name} stands in two files"))
            try:
                types[name] = _collected(name, spec, kinds)
            except ValueError as error:
                problems.append(_problem(source, name, error))
    if problems:
        raise DefinitionError(problems)
    return MappingProxyType(types)


def _problem(source: Source, name: str, error: ValueError) -> Problem:
    return source.problem(("types", name), str(error))


def _kinds(text: str) -> Mapping[str, Kind]:
    specs = validate(parse_yaml(text, f"catalogue/{_KINDS}"), KindsFile).kinds
    return MappingProxyType({name: Kind.of(name, spec) for name, spec in specs.items()})


def _collected(name: str, spec: TypeSpec, kinds: Mapping[str, Kind]) -> CollectedType:
    _check_functions(name, spec)
    own, joins = _named(spec.kinds, kinds), _named(spec.joins, kinds)
    twice = COMMON.keys() & {field.removesuffix("?") for field in spec.fields}
    if twice:
        raise ValueError(f"{name} has {', '.join(sorted(twice))} without declaring it")
    record = parse_field_type({**COMMON, **{f: s.type for f, s in spec.fields.items()}})
    facts = parse_field_type({**COMMON_FACTS, **{f: s.type for f, s in spec.facts.items()}})
    if not isinstance(record, Record) or not isinstance(facts, Record):
        raise TypeError(name)  # mappings always give records
    check_flags(record, spec.personal, spec.token)
    needed = {right for kind in (*own, *joins) if (right := permission(kind)) is not None}
    resource_type = ResourceType(
        name=name,
        title=spec.title,
        fields=record,
        facts=facts,
        permissions=tuple(sorted(needed)),
        personal=spec.personal,
        token=spec.token,
    )
    fields = {f.removesuffix("?"): (s, parse_path(s.path)) for f, s in spec.fields.items()}
    return CollectedType(spec, own, joins, MappingProxyType(fields), resource_type)


def _named(names: Iterable[str], kinds: Mapping[str, Kind]) -> tuple[Kind, ...]:
    unknown = [name for name in names if name not in kinds]
    if unknown:
        raise ValueError(f"no kind {', '.join(unknown)} in {_KINDS}")
    return tuple(kinds[name] for name in names)


def _check_functions(name: str, spec: TypeSpec) -> None:
    problems = [f"{name}.{field}: no {what}" for field, what in _unknown_functions(spec)]
    if problems:
        raise ValueError("; ".join(problems))


def _unknown_functions(spec: TypeSpec) -> Iterator[tuple[str, str]]:
    if spec.where is not None and spec.where not in FILTERS:
        yield "where", f"filter {spec.where!r}"
    if spec.rows is not None and spec.rows not in ROWS:
        yield "rows", f"function of rows {spec.rows!r}"
    for field, source in spec.fields.items():
        if source.via is not None and source.via not in FIELDS:
            yield field, f"function {source.via!r}"
    for fact, made in spec.facts.items():
        if made.via not in FACTS:
            yield f"facts.{fact}", f"function {made.via!r}"
