"""The form of the resource catalogue: `catalogue/<service>.yaml`, one mapping per type.

A type says which operation lists it, which calls enrich each item, and where each field stands in
the answers. Paths are JMESPath (jmespath.org), field types those of `auditor.core.model.fields`.
That operations, parameters and paths exist is checked elsewhere, against botocore's own models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Values = dict[str, JsonValue]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShapesFile(_Spec):
    """`_shapes.yaml`: types that several services share, by name."""

    shapes: dict[str, object]


class FieldSpec(_Spec):
    """Where a field comes from.

    Args:
        path: JMESPath into the item (or into the answer of the enriching call).
        template: Text with `{partition}`, `{account}`, `{region}` or paths in braces.
        value: A constant.
        via: Name of a pure function of `facts` that is applied to what the path found.
        at: Name of a field read before: the found mapping is looked up at its value, or at each
            member of it, where it is a list; the results are then a list, each once, sorted.
        missing: Value where that mapping has no such key; without it the field is unread. Of a
            field that may be null, without `at`: null, where AWS documents that a member which is
            left out means so; without it the field is unread.
        type: Type of the field, or the name of a shape in `_shapes.yaml`.
    """

    path: str = "@"
    template: str | None = None
    value: JsonValue = None
    via: str | None = None
    at: str | None = None
    missing: JsonValue = None
    type: JsonValue

    @property
    def is_constant(self) -> bool:
        """`value` was written, perhaps as null."""
        return "value" in self.model_fields_set

    @property
    def has_missing(self) -> bool:
        """`missing` was written, perhaps as null."""
        return "missing" in self.model_fields_set


class PrepareSpec(_Spec):
    """A request repeated until the system has made what the list then reads."""

    operation: str
    path: str
    until: str
    attempts: int = 20
    delay_s: int = 1


class ListSpec(_Spec):
    """The operation that lists items.

    Args:
        items: JMESPath of the list in the answer of all pages together.
        rows: Function of `facts` that turns what `items` found into a list of items.
        once: The answer is the same in every region, so that it is asked for in one.
        variants: Further parameters: the list is what all of these requests find together.
        empty: Where there is nothing, AWS leaves the list out of the answer.
        as_of: JMESPath of the moment that the answer describes, where it is older than the call.
    """

    operation: str
    params: Values = Field(default_factory=dict)
    items: str
    rows: str | None = None
    once: bool = False
    variants: list[Values] = Field(default_factory=list)
    empty: bool = False
    prepare: PrepareSpec | None = None
    as_of: str | None = None


class GetSpec(_Spec):
    """The operation that reads the one thing there is per account or region.

    Args:
        absent: Error code that means "not configured" to the values that then hold. Where AWS uses
            the code for other things, too: code and message (`Code: message`), `*` for any text.
    """

    operation: str
    params: Values = Field(default_factory=dict)
    absent: dict[str, Values] = Field(default_factory=dict)


class EnrichSpec(_Spec):
    """A call that adds fields to an item.

    Args:
        service: botocore's name of the service; the file's own without it.
        params: Constant parameters; `{account}` is filled in.
        from_: Parameter to the JMESPath of its value in the item.
        each: Parameter to the JMESPath of several values in the item: one call for each. The fields
            are then found in `item`, and in `answers`, which maps a value to its answer.
        chunks: Parameter to the name of a field, read before, that holds a list of ids: the calls
            are made with `chunk_size` of them each. The answers are found in `answers`, a list.
        first_page: Only the first page is read, because its order makes it enough.
        shared: One answer serves every item with equal parameters in the same region.
        when: Field to the values for which the call is made; an unread field makes it anyway.
        otherwise: Values of the fields where it is not made.
        absent: Error code that means "not configured" to the values that then hold.
    """

    service: str | None = None
    operation: str
    params: Values = Field(default_factory=dict)
    from_: dict[str, str] = Field(default_factory=dict, alias="from")
    each: dict[str, str] = Field(default_factory=dict, max_length=1)
    chunks: dict[str, str] = Field(default_factory=dict, max_length=1)
    chunk_size: int = Field(default=50, ge=1)
    first_page: bool = False
    shared: bool = False
    when: dict[str, list[JsonValue]] = Field(default_factory=dict)
    otherwise: Values = Field(default_factory=dict)
    absent: dict[str, Values] = Field(default_factory=dict)
    fields: dict[str, FieldSpec]


class LocateSpec(_Spec):
    """The call that tells an item's region, where the list did not."""

    operation: str
    from_: dict[str, str] = Field(alias="from")
    path: str
    via: str


class FactSpec(_Spec):
    """A figure from an independent source, for `reconcile`."""

    operation: str
    params: Values = Field(default_factory=dict)
    path: str
    type: str


class DeepSpec(_Spec):
    """An analysis in code: each listed item becomes a resource in each region it is read in.

    Args:
        reader: Its name in `deep`.
        operations: What it calls beside the list, `service:Operation`.
        fields: Types of the fields that it gives.
        derived: Those of them that are computed from `raw`, and computed again by who judges again.
    """

    reader: str
    operations: list[str]
    fields: dict[str, JsonValue]
    derived: list[str]


class TypeSpec(_Spec):
    """One resource type.

    Args:
        region: JMESPath of the item's own region, where its enriching calls are sent.
        locate: How to ask for that region where the list leaves it out.
        distinct: Items with the same key, seen from several regions, are one item.
        key: Name of the field that is unique within the account.
        uid: Template of the system's immutable id.
        gone: Error codes that say that the item no longer exists.
        deep: The analysis that makes resources out of the items.
        personal: Paths of fields about a person, kept apart (`auditor.core.model.field_path`).
        token: Paths of fields of which only equality is kept.
    """

    title: str
    scope: Literal["global", "regional"]
    list_: ListSpec | None = Field(default=None, alias="list")
    get: GetSpec | None = None
    region: str | None = None
    locate: LocateSpec | None = None
    distinct: bool = False
    key: str
    uid: str | None = None
    gone: list[str] = Field(default_factory=list)
    fields: dict[str, FieldSpec]
    enrich: list[EnrichSpec] = Field(default_factory=list)
    deep: DeepSpec | None = None
    facts: dict[str, FactSpec] = Field(default_factory=dict)
    personal: list[str] = Field(default_factory=list)
    token: list[str] = Field(default_factory=list)

    @property
    def source(self) -> ListSpec | GetSpec:
        """The operation that everything starts with."""
        source = self.list_ or self.get
        if source is None:  # excluded by _consistent
            raise AssertionError(self.title)
        return source

    @property
    def has_region(self) -> bool:
        """Its resources carry a field `region`."""
        return self.scope == "regional" or self.region is not None

    def all_fields(self) -> Iterator[tuple[str, FieldSpec]]:
        """Declared names (with `?`) and specifications, of the item and of its enriching calls."""
        yield from self.fields.items()
        for call in self.enrich:
            yield from call.fields.items()

    @model_validator(mode="after")
    def _consistent(self) -> TypeSpec:
        if (self.list_ is None) == (self.get is None):
            raise ValueError("exactly one of 'list' and 'get' is needed")
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        names = [name.removesuffix("?") for name, _ in self.all_fields()]
        known = {*names, "account", *(["region"] if self.has_region else [])}
        yield from (f"field {name!r} is given twice" for name in known if names.count(name) > 1)
        if self.key not in known:
            yield f"key {self.key!r} is no field"
        for name, field in self.all_fields():
            if field.has_missing and field.at is None and not _is_null(name, field):
                yield f"field {name!r}: without 'at', only null can be missing"
        if self.get is not None:
            yield from _incomplete(self.get.absent, self.fields, "absent")
        for call in self.enrich:
            if (call.each or call.chunks) and call.absent:
                yield f"{call.operation}: several calls and 'absent' do not go together"
            yield from _incomplete(call.absent, call.fields, f"{call.operation}: absent")
            if call.when:
                choice = {"otherwise": call.otherwise}
                yield from _incomplete(choice, call.fields, f"{call.operation}: when")
            looked_up = {spec.at for spec in call.fields.values() if spec.at}
            asked = {*call.when, *call.chunks.values(), *looked_up}
            yield from (f"{call.operation}: {name!r} is no field" for name in asked - known)


def _is_null(name: str, field: FieldSpec) -> bool:
    return field.missing is None and name.endswith("?")


def _incomplete(
    choices: Mapping[str, Values], fields: Mapping[str, FieldSpec], where: str
) -> Iterator[str]:
    """Every choice of values names known fields, and each field that may not be null."""
    names = {name.removesuffix("?") for name in fields}
    required = {name for name in fields if not name.endswith("?")}
    for code, values in choices.items():
        yield from (f"{where} {code}: {name!r} is no field" for name in values.keys() - names)
        yield from (f"{where} {code}: {name!r} has no value" for name in required - values.keys())


class ServiceSpec(_Spec):
    """One file of the catalogue."""

    service: str
    types: dict[str, TypeSpec]
