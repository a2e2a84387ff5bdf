"""What functions of `facts` see: the object at hand, and all others that were read.

Pure: everything was read before. Asking for what could not be read raises `UnreadError`, which
makes the field that asked unread, with the reason; nothing is ever taken for absent because it was
denied.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

import orjson

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

T = TypeVar("T")
Object = Mapping[str, object]
_SHOW = "judge the running cluster as well: it is not written in a manifest"


class UnreadError(Exception):
    """A field cannot be told, and why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


@dataclass(frozen=True, slots=True)
class Item:
    """One object, or a row made of one.

    Args:
        kind: Name of its kind in `_kinds.yaml`.
        object: As the API has it; a row may add keys of its own.
        suffix: What tells rows of one object apart: it becomes part of key and uid.
    """

    kind: str
    object: Object
    suffix: str = ""

    @property
    def metadata(self) -> Object:
        """`metadata`, {} where there is none."""
        return mapping(self.object.get("metadata"))

    @property
    def namespace(self) -> str:
        """Its namespace; "" where the kind has none."""
        return text(self.metadata.get("namespace"))

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return text(self.metadata.get("name"))

    @property
    def uid(self) -> str:
        """`metadata.uid`; "" in a manifest."""
        return text(self.metadata.get("uid"))

    @property
    def spec(self) -> Object:
        """`spec`, {} where there is none."""
        return mapping(self.object.get("spec"))

    @property
    def status(self) -> Object:
        """`status`, {} where there is none."""
        return mapping(self.object.get("status"))

    @property
    def key(self) -> str:
        """`Kind/namespace/name/suffix`, empty parts left out."""
        return "/".join(p for p in (self.kind, self.namespace, self.name, self.suffix) if p)


def mapping(value: object) -> Mapping[str, object]:
    """A mapping as it is, {} for nothing.

    Raises:
        ValueError: Something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"got {type(value).__name__}, expected an object")
    return value


def members(value: object) -> Sequence[object]:
    """A list as it is, () for nothing.

    Raises:
        ValueError: Something else.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError(f"got {type(value).__name__}, expected a list")
    return value


def mappings(value: object) -> Sequence[Mapping[str, object]]:
    """A list of mappings, () for nothing.

    Raises:
        ValueError: Something else.
    """
    return [mapping(member) for member in members(value)]


def text(value: object) -> str:
    """A text as it is, "" for nothing.

    Raises:
        ValueError: Something else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"got {type(value).__name__}, expected a text")
    return value


def by_name(item: Item) -> tuple[str, ...]:
    """The name, as an index wants it."""
    return (item.name,)


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of one kind that could be read.

    Args:
        kind: Name in `_kinds.yaml`.
        documents: JSON text of each object and its namespace: parsed when it is looked at, because
            ten thousand pods as Python objects take several hundred megabytes.
        gaps: What could not be read: subject is a namespace, or "" for everything.
        served: The server has the kind.
        counted: How many there are by the server's own count; None where it states none.
        scope: The only namespaces that were asked for; None for all.
    """

    kind: str
    documents: Sequence[tuple[str, bytes]] = ()
    gaps: Sequence[Gap] = ()
    served: bool = True
    counted: int | None = None
    scope: frozenset[str] | None = None

    def gap_for(self, namespace: str | None) -> Gap | None:
        """The gap that stands in the way of knowing all objects of a namespace (None: of all)."""
        for gap in self.gaps:
            if namespace is None or gap.subject in {"", namespace}:
                return gap
        if namespace and self.scope is not None and namespace not in self.scope:
            detail = f"namespace {namespace!r} is not among the target's `namespaces`"
            return Gap(Cause.NOT_COLLECTED, detail, subject=namespace, hint="add it there")
        return None


@dataclass(slots=True)
class World:
    """The listings of a type, its own kinds and its joins.

    Args:
        declared: They are manifests: what runs is not known.
        minor: Minor version of the server (`36`); None where it is not known.
    """

    listings: Mapping[str, Listing]
    declared: bool = False
    minor: int | None = None
    _memo: dict[object, object] = field(default_factory=dict)

    def all(self, kind: str, namespace: str | None = None) -> list[Item]:
        """Objects of a kind, of one namespace or of all.

        Raises:
            UnreadError: They could not be read completely.
        """
        listing = self._complete(kind, namespace)
        return [
            Item(kind, orjson.loads(document))
            for place, document in listing.documents
            if namespace is None or place == namespace
        ]

    def find(
        self,
        kind: str,
        by: Callable[[Item], Iterable[Hashable]],
        value: Hashable,
        namespace: str | None = None,
    ) -> list[Item]:
        """Objects for which `by` gives a value, through an index that is made once.

        Raises:
            UnreadError: They could not be read completely.
        """
        listing = self._complete(kind, namespace)
        index = self.once(("index", kind, by), lambda: self._index(listing, by))
        return [
            Item(kind, orjson.loads(listing.documents[position][1]))
            for position in index.get(value, ())
            if namespace is None or listing.documents[position][0] == namespace
        ]

    def mentions(self, kind: str, part: bytes) -> bool:
        """Whether a part of compact JSON stands in any object of a kind that was read.

        Cheaper by far than parsing them all for what few objects have.
        """
        documents = self.listings[kind].documents
        return self.once(
            ("mentions", kind, part), lambda: any(part in one for _place, one in documents)
        )

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, made once for the type; an `UnreadError` is remembered as well."""
        if name not in self._memo:
            try:
                self._memo[name] = make()
            except UnreadError as error:
                self._memo[name] = error
        found = self._memo[name]
        if isinstance(found, UnreadError):
            raise found
        return cast("T", found)

    def need_live(self, what: str) -> None:
        """Refuse to tell of a manifest what only a running cluster has.

        Raises:
            UnreadError: These are manifests.
        """
        if self.declared:
            raise not_declared(what)

    def server_minor(self) -> int:
        """Minor version of the server.

        Raises:
            UnreadError: It is not known.
        """
        self.need_live("the version of the server")
        if self.minor is None:
            raise UnreadError(Gap(Cause.NOT_COLLECTED, "the server's version could not be read"))
        return self.minor

    def _complete(self, kind: str, namespace: str | None) -> Listing:
        listing = self.listings[kind]
        gap = listing.gap_for(namespace)
        if gap is not None:
            raise UnreadError(gap)
        return listing

    @staticmethod
    def _index(
        listing: Listing, by: Callable[[Item], Iterable[Hashable]]
    ) -> dict[Hashable, list[int]]:
        index: dict[Hashable, list[int]] = {}
        for position, (_namespace, document) in enumerate(listing.documents):
            for value in by(Item(listing.kind, orjson.loads(document))):
                index.setdefault(value, []).append(position)
        return index


def not_declared(what: str) -> UnreadError:
    """That a manifest does not show it."""
    return UnreadError(Gap(Cause.NOT_DECLARED, f"a manifest does not show {what}", hint=_SHOW))
