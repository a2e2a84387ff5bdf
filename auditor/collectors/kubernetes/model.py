"""The form of the resource catalogue: `catalogue/_kinds.yaml` and `catalogue/<topic>.yaml`.

A kind is what the API lists (group, accepted versions, plural). A type is what auditor judges: it
says which kinds its items are, which other kinds it looks at (joins), and where each field stands
in the object. The same types are read from a cluster and from manifests.

Every type has these fields without declaring them: `key` (`Kind/namespace/name`, with the row's
suffix), `kind`, `namespace` ("" where the kind has none), `name` and `labels`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Origin = Literal["list", "configz", "audit_log", "encryption_config", "anonymous"]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KindSpec(_Spec):
    """A kind of the API.

    Args:
        kind: As in objects (`Deployment`), where the name of the entry is another.
        group: API group; "" is the core group.
        versions: Accepted versions, best first: those whose fields the catalogue's paths fit.
        plural: Name in URLs and in RBAC rules.
        namespaced: Objects are in namespaces.
        selector: Field selector of the list: the server then states no count.
        since: Kubernetes version that introduced it, for messages where a server has it not.
        until: Kubernetes version that removed it.
        origin: `list`: the API lists it. `configz`: one document for each node, the kubelet's own
            configuration through the API server's proxy; its place ("namespace") is the node's
            name. `audit_log`: events of the API server's audit log, and `encryption_config`: the
            providers of its encryption configuration, from files that the target's settings name.
            `anonymous`: the answer to one request without credentials. What the settings do not
            allow or name is a gap.
    """

    kind: str | None = None
    group: str = ""
    versions: tuple[str, ...] = Field(default=("v1",), min_length=1)
    plural: str
    namespaced: bool = True
    selector: str | None = None
    since: str | None = None
    until: str | None = None
    origin: Origin = "list"


class KindsFile(_Spec):
    """`_kinds.yaml`."""

    kinds: dict[str, KindSpec]


class FieldSpec(_Spec):
    """Where a field comes from.

    Args:
        path: Into the object: names divided by dots (`spec.replicas`), in double quotes where a
            name has a dot itself (`metadata.labels."app.kubernetes.io/name"`), `[*]` for every
            member of a list (those without the rest of the path are left out). "" is the object.
        value: A constant.
        via: Name of a pure function of `facts`: called with what the path found (None if nothing).
        default: Value where the path finds nothing: only what the API documents for an omitted
            field (its zero value, or the default that the server sets); say which in a comment.
            Without it: null where the field's name ends with `?`, else the field is unread.
        live: Only a running cluster has it (status, times, uids): of a manifest it is unread,
            cause `not_declared`.
        type: Type of the field, in the syntax of `auditor.core.model.fields`.
    """

    path: str = ""
    value: JsonValue = None
    via: str | None = None
    default: JsonValue = None
    live: bool = False
    type: JsonValue

    @property
    def is_constant(self) -> bool:
        """`value` was written, perhaps as null."""
        return "value" in self.model_fields_set

    @property
    def has_default(self) -> bool:
        """`default` was written, perhaps as null."""
        return "default" in self.model_fields_set


class FactSpec(_Spec):
    """What the collection as a whole knows: `via` is called with (None, None, world)."""

    via: str
    type: JsonValue


class TypeSpec(_Spec):
    """One resource type.

    Args:
        kinds: Kinds whose objects are its items.
        joins: Further kinds that its functions look at. A function that asks for one that could not
            be read makes its own field unread, and no other.
        where: Function (item, world) -> bool: which of the objects are items. Default: all.
        rows: Function (items, world) -> items: makes others of them (containers, subjects).
        whole: With any gap in `kinds` nothing is made of the rest: rows that sum up over all.
        live: Manifests cannot show it: there the whole type is a gap of cause `not_declared`.
        elsewhere: Manifests that hold none of it say nothing (namespaces, which others declare):
            there the type is then a gap of cause `not_declared`, and not empty.
        absent: The server does not serve the kind: `gap` (not_supported), or `empty` (a custom
            resource that is not installed): no items, and the fact `served` is false.
        fields: A name ending with `?` may be null.
        personal, token: Fields about people, and of which only equality is kept (`field_path`).
    """

    title: str = Field(min_length=3)
    kinds: tuple[str, ...] = Field(min_length=1)
    joins: tuple[str, ...] = ()
    where: str | None = None
    rows: str | None = None
    whole: bool = False
    live: bool = False
    elsewhere: bool = False
    absent: Literal["gap", "empty"] = "gap"
    fields: dict[str, FieldSpec] = Field(min_length=1)
    facts: dict[str, FactSpec] = Field(default_factory=dict)
    personal: tuple[str, ...] = ()
    token: tuple[str, ...] = ()


class TopicFile(_Spec):
    """`catalogue/<topic>.yaml`."""

    types: dict[str, TypeSpec]
