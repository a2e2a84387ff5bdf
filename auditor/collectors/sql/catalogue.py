"""The catalogue of an engine: YAML files of resource types with their queries, and of grants.

    grants:                       # in grants.yaml, {account} is the auditor's account
      pg_read_all_stats:
        title: read statistics of all sessions
        sql: ["GRANT pg_read_all_stats TO {account}"]
        held: "SELECT pg_has_role('pg_read_all_stats', 'USAGE')"
    types:                        # in any other file
      postgres.replica:
        title: ...
        scope: server             # or `databases`: asked in each database
        key: application_name
        uid: oid_column           # optional: a column that is the system's own id, not a field
        fields: {...}             # the columns of the answer, named and typed
        queries:                  # the first that fits the version (and whose grant is held)
          - {text: "SELECT ...", since: 160000, needs: [pg_read_all_stats]}
        parts:                    # fields that need another query: left unread where it fails
          - {name: passwords, on: name, fields: {...}, queries: [...]}
        computed: {...}           # optional: fields that code of the engine's package adds
        facts:                    # independent counts and the like
          counted: {type: int, text: "SELECT count(*) FROM ..."}
        reader: audit_chain       # instead of queries: code of the engine's package

A type of scope `databases` gets a field `database` that the queries do not answer for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from auditor.catalog.source import Source, parse_yaml, validate
from auditor.core.model.field_path import check_flags
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.ident import TypeName
from auditor.core.model.resource_type import ResourceType
from auditor.errors import DefinitionError, Problem

GRANTS_FILE = "grants.yaml"
MAX_ROWS = 200_000
Text = Annotated[str, Field(min_length=6)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GrantSpec(_Strict):
    """One right that the auditor's account needs."""

    title: Text = Field(description="what it allows, as in `may ...`")
    sql: tuple[Text, ...] = Field(min_length=1, description="statements; {account} in place")
    per: Literal["server", "database", "table"] = Field(
        default="server", description="given once, or in each database, or for each listed table"
    )
    held: Text | None = Field(
        default=None, description="query of one boolean: the account has it; null: a refusal says"
    )
    withheld: str = Field(
        default="", description="where a hosted service does not give it: how to show it instead"
    )


class GrantsFile(_Strict):
    """All grants of an engine."""

    grants: dict[str, GrantSpec]


class QuerySpec(_Strict):
    """A query, for the versions `since` <= version < `below`."""

    text: Text
    since: int | None = None
    below: int | None = None
    if_held: str | None = Field(default=None, description="only where this grant is held")
    needs: tuple[str, ...] = ()

    def fits(self, version: int) -> bool:
        """Whether it is for this version."""
        return (self.since is None or self.since <= version) and (
            self.below is None or version < self.below
        )


class PartSpec(_Strict):
    """Fields that come from a query of their own."""

    name: str
    on: str = Field(description="field that both answers have")
    fields: dict[str, object] = Field(min_length=1)
    queries: tuple[QuerySpec, ...] = Field(min_length=1)


class FactSpec(_Strict):
    """A fact of the collection, from a query of one row and one column."""

    type: Literal["int", "string", "bool", "timestamp", "list<string>"] = "int"
    text: Text
    needs: tuple[str, ...] = ()


class TypeSpec(_Strict):
    """A resource type and how it is read."""

    title: str = Field(min_length=3)
    scope: Literal["server", "databases"] = "server"
    key: str
    uid: str | None = None
    fields: dict[str, object] = Field(min_length=1)
    queries: tuple[QuerySpec, ...] = ()
    parts: tuple[PartSpec, ...] = ()
    computed: dict[str, object] = Field(
        default_factory=dict, description="fields that the engine's package adds after reading"
    )
    facts: dict[str, FactSpec] = Field(default_factory=dict)
    reader: str | None = None
    needs: tuple[str, ...] = Field(default=(), description="grants that every query needs")
    known: dict[str, object] = Field(
        default_factory=dict, description="types of facts that the reader gives"
    )
    personal: tuple[str, ...] = ()
    token: tuple[str, ...] = ()
    max_rows: int = Field(default=MAX_ROWS, ge=1)

    @model_validator(mode="after")
    def _one_way_to_read(self) -> TypeSpec:
        if bool(self.queries) == bool(self.reader):
            raise ValueError("a type has `queries` or a `reader`")
        return self

    @property
    def grants(self) -> tuple[str, ...]:
        """Every grant that reading all of it needs, without duplicates."""
        queries = [*self.queries, *(query for part in self.parts for query in part.queries)]
        named = [*self.needs]
        for query in queries:
            named += query.needs
        for fact in self.facts.values():
            named += fact.needs
        return tuple(dict.fromkeys(named))


class _TypesFile(_Strict):
    types: dict[TypeName, TypeSpec]


@dataclass(frozen=True, slots=True)
class CollectedType:
    """A type of the catalogue, ready to be read.

    Args:
        columns: Names of the columns that its main query answers with, `uid` included.
        resource_type: What the rest of the program sees.
    """

    spec: TypeSpec
    columns: frozenset[str]
    resource_type: ResourceType

    @property
    def name(self) -> str:
        """`postgres.role`."""
        return self.resource_type.name


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All types and grants of an engine."""

    types: Mapping[str, CollectedType]
    grants: Mapping[str, GrantSpec]


def load_catalogue(folder: Path) -> Catalogue:
    """The catalogue in a folder's YAML files.

    Raises:
        DefinitionError: As `parse_catalogue`.
    """
    return parse_catalogue({f.name: f.read_text("utf-8") for f in sorted(folder.glob("*.yaml"))})


def parse_catalogue(files: Mapping[str, str]) -> Catalogue:
    """The catalogue of files.

    Args:
        files: File name to its YAML text; `grants.yaml` holds the grants.

    Raises:
        DefinitionError: A file has another form, a grant or field is not known; carries every
            problem found.
    """
    grants = validate(parse_yaml(files[GRANTS_FILE], GRANTS_FILE), GrantsFile).grants
    problems: list[Problem] = []
    types: dict[str, CollectedType] = {}
    for file, text in files.items():
        if file == GRANTS_FILE:
            continue
        try:
            source = parse_yaml(text, file)
            found = validate(source, _TypesFile).types
        except DefinitionError as error:
            problems += error.problems
            continue
        for name, spec in found.items():
            try:
                types[name] = _collected(name, spec, grants)
            except ValueError as error:
                problems.append(_problem(source, name, error))
    if problems:
        raise DefinitionError(problems)
    return Catalogue(types, grants)


def _problem(source: Source, name: str, error: ValueError) -> Problem:
    return source.problem(("types", name), str(error))


def _collected(name: str, spec: TypeSpec, grants: Mapping[str, GrantSpec]) -> CollectedType:
    unknown = sorted(set(spec.grants) - grants.keys())
    if unknown:
        raise ValueError(f"no grant {', '.join(unknown)}")
    declared: dict[str, object] = {"database": "string"} if spec.scope == "databases" else {}
    declared |= spec.fields
    for part in spec.parts:
        if part.on not in spec.fields:
            raise ValueError(f"part {part.name}: no field {part.on}")
        declared |= part.fields
    declared |= spec.computed
    fields = _record(declared)
    check_flags(fields, spec.personal, spec.token)
    if spec.key not in fields.fields:
        raise ValueError(f"the key {spec.key} is no field")
    columns = _record(spec.fields).fields.keys() | ({spec.uid} if spec.uid else set())
    facts: dict[str, object] = {fact: one.type for fact, one in spec.facts.items()}
    resource_type = ResourceType(
        name=name,
        title=spec.title,
        fields=fields,
        facts=_record(_common_facts(spec) | facts | spec.known),
        permissions=tuple(line for grant in spec.grants for line in grants[grant].sql),
        personal=spec.personal,
        token=spec.token,
    )
    return CollectedType(spec, frozenset(columns), resource_type)


def _common_facts(spec: TypeSpec) -> dict[str, object]:
    common: dict[str, object] = {"items": "int", "server_version": "int"}
    return common | ({"databases": "list<string>"} if spec.scope == "databases" else {})


def _record(spec: Mapping[str, object]) -> Record:
    parsed = parse_field_type(spec)
    if not isinstance(parsed, Record):  # a mapping always gives a record
        raise ValueError(f"{spec!r} is no mapping of fields")
    return parsed
