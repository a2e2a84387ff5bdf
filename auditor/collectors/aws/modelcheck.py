"""Proof that the catalogue fits botocore's models: operations, parameters, paging, paths, types.

Runs before anything is collected, so that a renamed member is a message with the nearest name and
not a field that is silently null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from botocore.exceptions import PaginationError, UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError
from botocore.session import Session

from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.aws.model import EnrichSpec, FieldSpec, ListSpec, LocateSpec
from auditor.collectors.aws.pages import has_own_pages
from auditor.collectors.aws.permissions import split
from auditor.collectors.aws.shapes import (
    ANY,
    Keyed,
    Kind,
    Leaf,
    Many,
    Named,
    PathError,
    kind_of,
    resolve,
)
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar
from auditor.errors import DefinitionError, Problem

_TOKEN = re.compile(r"(next)?(marker|token)|nextpagetoken|continuationtoken", re.IGNORECASE)
_PLACES = {"partition", "account", "region"}
_PLACE = re.compile(r"\{([^{}]+)\}")
_SCALARS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"string", "character"}),
    "int": frozenset({"integer", "long"}),
    "bool": frozenset({"boolean"}),
    "timestamp": frozenset({"timestamp"}),
}


def check_against_botocore(types: Iterable[CollectedType], session: Session) -> None:
    """Check the types against the models of the session.

    Raises:
        DefinitionError: Something does not exist there; it carries every problem found.
    """
    problems = [
        Problem(f"{collected.name}: {where}", message)
        for collected in types
        for where, message in _Checker(collected, session).problems()
    ]
    if problems:
        raise DefinitionError(problems)


_Found = Iterator[tuple[str, str]]  # where, what is wrong


class _Checker:
    """Checks one type."""

    def __init__(self, collected: CollectedType, session: Session) -> None:
        self._collected = collected
        self._session = session

    def problems(self) -> _Found:
        spec, source = self._collected.spec, self._collected.spec.source
        service = self._collected.service
        item: Kind = ANY
        further = source.variants if isinstance(source, ListSpec) else []
        given = {*source.params, *(name for variant in further for name in variant)}
        yield from self._request(service, source.operation, given)
        answer = self._answer(service, source.operation)
        if answer is None:
            return
        if isinstance(source, ListSpec):
            item, wrong = self._item(source, answer)
            yield from wrong
            yield from self._around(source, answer)
        else:
            item = answer
        yield from self._fields(spec.fields, item)
        if spec.region is not None:
            yield from self._path("region", spec.region, item)
        if spec.locate is not None:
            yield from self._locate(spec.locate, item)
        yield from self._template("uid", spec.uid or "", item)
        for call in spec.enrich:
            yield from self._enriching(call, item)
        for operation in spec.deep.operations if spec.deep else ():
            found = self._operation(*split(operation))
            if isinstance(found, str):
                yield "deep", found
        for name, fact in spec.facts.items():
            yield from self._request(service, fact.operation, fact.params)
            figures = self._answer(service, fact.operation)
            if figures is not None:
                yield from self._path(f"facts.{name}", fact.path, figures)

    def _enriching(self, call: EnrichSpec, item: Kind) -> _Found:
        service = call.service or self._collected.service
        given = [*call.params, *call.from_, *call.each, *call.chunks]
        yield from self._request(service, call.operation, given)
        for parameter, path in (*call.from_.items(), *call.each.items()):
            yield from self._path(f"{call.operation}.{parameter}", path, item)
        answer = self._answer(service, call.operation)
        if answer is not None:
            together: Kind = answer
            if call.each:
                together = Named({"item": item, "answers": Keyed(answer)})
            elif call.chunks:
                together = Named({"ids": Many(ANY), "answers": Many(answer)})
            yield from self._fields(call.fields, together)

    def _item(self, source: ListSpec, answer: Kind) -> tuple[Kind, list[tuple[str, str]]]:
        """The kind of a listed item; rows made by a function have no model."""
        try:
            found = resolve(source.items, answer)
        except PathError as error:
            return ANY, [("items", str(error))]
        if source.rows is not None:
            return ANY, []
        if not isinstance(found, Many):
            return ANY, [("items", f"{source.items!r} is no list")]
        return found.item, []

    def _locate(self, spec: LocateSpec, item: Kind) -> _Found:
        service = self._collected.service
        yield from self._request(service, spec.operation, spec.from_)
        for parameter, path in spec.from_.items():
            yield from self._path(f"locate.{parameter}", path, item)
        answer = self._answer(service, spec.operation)
        if answer is not None:
            yield from self._path("locate", spec.path, answer)

    def _around(self, source: ListSpec, answer: Kind) -> _Found:
        if source.as_of is not None:
            yield from self._path("as_of", source.as_of, answer)
        if source.prepare is not None:
            service, operation = self._collected.service, source.prepare.operation
            yield from self._request(service, operation, ())
            prepared = self._answer(service, operation)
            if prepared is not None:
                yield from self._path("prepare", source.prepare.path, prepared)

    def _operation(self, service: str, operation: str) -> OperationModel | str:
        try:
            model = self._session.get_service_model(service)
            found: OperationModel = model.operation_model(operation)
        except UnknownServiceError:
            return (
                f"no service {service!r}{_nearest(service, self._session.get_available_services())}"
            )
        except OperationNotFoundError:
            return f"{service} has no {operation!r}{_nearest(operation, model.operation_names)}"
        return found

    def _answer(self, service: str, operation: str) -> Kind | None:
        found = self._operation(service, operation)
        if isinstance(found, str) or found.output_shape is None:
            return None
        return kind_of(found.output_shape)

    def _request(self, service: str, operation: str, given: Iterable[str]) -> _Found:
        found = self._operation(service, operation)
        if isinstance(found, str):
            yield operation, found
            return
        shape = found.input_shape
        members = dict(shape.members) if shape else {}
        names = set(given)
        for name in sorted(names - members.keys()):
            yield operation, f"has no parameter {name!r}{_nearest(name, members)}"
        required = set(shape.required_members) if shape else set()
        for name in sorted(required - names):
            yield operation, f"parameter {name!r} is required"
        if self._pages(found) and not self._can_paginate(service, operation):
            yield operation, "answers in pages, and botocore cannot read them"

    @staticmethod
    def _pages(operation: OperationModel) -> bool:
        members = operation.output_shape.members if operation.output_shape else {}
        return any(_TOKEN.fullmatch(name) for name in members)

    def _can_paginate(self, service: str, operation: str) -> bool:
        if has_own_pages(service, operation):
            return True
        try:
            self._session.get_paginator_model(service).get_paginator(operation)
        except (ValueError, PaginationError):
            return False
        return True

    def _fields(self, specs: Mapping[str, FieldSpec], at: Kind) -> _Found:
        for declared, spec in specs.items():
            name = declared.removesuffix("?")
            yield from self._template(name, spec.template or "", at)
            if spec.is_constant or spec.template is not None:
                continue
            try:
                found = resolve(spec.path, at)
            except PathError as error:
                yield name, str(error)
                continue
            wanted = self._collected.types[name]
            if spec.via is None and spec.at is None and not _fits(found, wanted):
                yield name, f"{spec.path!r} is {found}, which is not of type {spec.type}"

    def _template(self, where: str, template: str, at: Kind) -> _Found:
        for name in _PLACE.findall(template):
            if name not in _PLACES:
                yield from self._path(where, name, at)

    @staticmethod
    def _path(where: str, path: str, at: Kind) -> _Found:
        try:
            resolve(path, at)
        except PathError as error:
            yield where, str(error)


def _fits(found: Kind, wanted: FieldType) -> bool:
    """Whether what a path finds can have the declared type; what is not followed may."""
    if found == ANY:
        return True
    match wanted, found:
        case Scalar(name), Leaf(leaf):
            return leaf in _SCALARS.get(name, frozenset())
        case ListOf(item), Many(inner):
            return _fits(inner, item)
        case MapOf(value), Keyed(inner):
            return _fits(inner, value)
        case Record(fields), Named(members):
            return fields.keys() <= members.keys()
        case _:
            return False


def _nearest(name: str, known: Iterable[str]) -> str:
    near: list[str] = get_close_matches(name, list(known), n=1)
    return f", the nearest is {near[0]!r}" if near else ""
