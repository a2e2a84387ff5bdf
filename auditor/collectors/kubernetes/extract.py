"""From listings to resources: items, rows, fields. Pure; the same for clusters and manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from auditor.collectors.kubernetes.facts import FACTS, FIELDS, FILTERS, ROWS
from auditor.collectors.kubernetes.kinds import not_served
from auditor.collectors.kubernetes.loader import CollectedType
from auditor.collectors.kubernetes.model import FactSpec, FieldSpec
from auditor.collectors.kubernetes.paths import MISSING, find
from auditor.collectors.kubernetes.world import (
    Item,
    Listing,
    UnreadError,
    World,
    mapping,
    not_declared,
)
from auditor.core.model.fields import FieldTypeError, typed
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

# What functions raise on objects of another form than the API's.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class Extract:
    """What a type's listings come to.

    Args:
        facts: Of the type and of its lists; the collection adds caller, cluster and the like.
    """

    resources: tuple[Resource, ...]
    gaps: tuple[Gap, ...]
    facts: Mapping[str, object]


def extract(
    collected: CollectedType,
    listings: Mapping[str, Listing],
    *,
    declared: bool = False,
    minor: int | None = None,
    server_version: str | None = None,
) -> Extract:
    """The resources of a type.

    Args:
        listings: One for each of its kinds and joins, by name.
        minor: Minor version of the server.
    """
    if declared and collected.spec.live:
        gap = not_declared("anything of it: only a running cluster has it").gap
        own_facts = [replace(gap, subject=f"facts.{name}") for name, _ in _named_facts(collected)]
        return Extract((), (gap, *own_facts), _facts_of_lists([]))
    own = [listings[kind.name] for kind in collected.kinds]
    gaps = [_of_list(gap, listing) for listing in own for gap in listing.gaps]
    if collected.spec.absent == "gap" and not declared:
        gaps += [
            not_served(kind, server_version)
            for kind in collected.kinds
            if not listings[kind.name].served
        ]
    if declared and collected.spec.elsewhere and not any(one.documents for one in own):
        names = " or ".join(kind.kind for kind in collected.kinds)
        gaps.append(not_declared(f"it: there is no {names} among them").gap)
    world = World(listings, declared=declared, minor=minor)
    # One by one: ten thousand pods as Python objects would take several hundred megabytes.
    stream = () if collected.spec.whole and gaps else _items(collected, own, world, gaps)
    resources = [_resource(collected, item, world) for item in stream]
    facts, problems = _facts(collected, world)
    return Extract(
        tuple(sorted(resources, key=lambda one: (str(one.data["key"]), one.uid))),
        (*gaps, *problems),
        _facts_of_lists(own) | facts,
    )


def _of_list(gap: Gap, listing: Listing) -> Gap:
    """A gap of a list as one of the type: it says which kind."""
    place = f" in {gap.subject}" if gap.subject else ""
    return replace(gap, subject=f"{listing.kind}{place}")


def _facts_of_lists(own: Sequence[Listing]) -> dict[str, object]:
    counts = [listing.counted for listing in own if listing.served]
    return {
        "items": sum(len(listing.documents) for listing in own),
        "counted": None if None in counts else sum(c for c in counts if c is not None),
        "served": any(listing.served for listing in own),
    }


def _items(
    collected: CollectedType, own: Iterable[Listing], world: World, gaps: list[Gap]
) -> Iterator[Item]:
    spec = collected.spec
    items = _filtered(spec.where, own, world, gaps)
    if spec.rows is None:
        yield from items
        return
    groups = iter([list(items)]) if spec.whole else ([item] for item in items)
    for group in groups:  # object by object: one that is malformed takes no other with it
        subject = "" if spec.whole else group[0].key
        try:
            yield from list(ROWS[spec.rows](group, world))
        except UnreadError as error:
            gaps.append(replace(error.gap, subject=subject))
        except _MALFORMED as error:
            gaps.append(_malformed(error, subject))


def _filtered(
    name: str | None, own: Iterable[Listing], world: World, gaps: list[Gap]
) -> Iterator[Item]:
    for listing in own:
        for _place, document in listing.documents:
            item = Item(listing.kind, orjson.loads(document))
            try:
                if name is None or FILTERS[name](item, world):
                    yield item
            except UnreadError as error:
                gaps.append(replace(error.gap, subject=item.key))
            except _MALFORMED as error:
                gaps.append(_malformed(error, item.key))


def _malformed(error: Exception, subject: str = "") -> Gap:
    detail = str(error) if not isinstance(error, KeyError) else f"{error} is missing"
    return Gap(
        Cause.UNPARSABLE,
        f"the object has another form than the API says: {detail}",
        subject=subject,
    )


def _resource(collected: CollectedType, item: Item, world: World) -> Resource:
    data: dict[str, object] = {
        "key": item.key,
        "kind": item.kind,
        "namespace": item.namespace,
        "name": item.name,
        "labels": dict(mapping(item.metadata.get("labels"))),
    }
    unread: dict[str, Gap] = {}
    for name in collected.fields:
        try:
            data[name] = _field(collected, name, item, world)
        except UnreadError as error:
            unread[name] = error.gap
        except FieldTypeError as error:
            unread[name] = _malformed(error)
        except _MALFORMED as error:
            unread[name] = _malformed(error)
    uid = f"{item.uid}/{item.suffix}" if item.uid and item.suffix else item.uid
    return Resource(data, uid, unread)


def _field(collected: CollectedType, name: str, item: Item, world: World) -> object:
    spec, steps = collected.fields[name]
    record = collected.resource_type.fields
    if spec.live and world.declared:
        raise not_declared(f"{name!r}")
    value = _value(spec, steps, item, world)
    if value is MISSING or value is None:
        if name in record.nullable:
            return None
        gap = Gap(Cause.MISSING_FIELD, f"the object has no {spec.path or name}")
        raise UnreadError(gap)
    typed(value, record.fields[name])  # the evidence keeps the JSON form
    return value


def _value(spec: FieldSpec, steps: Sequence[str | None], item: Item, world: World) -> object:
    if spec.is_constant:
        return spec.value
    value = find(item.object, steps)
    if value is MISSING and spec.has_default:
        return spec.default
    if spec.via is not None:
        return FIELDS[spec.via](None if value is MISSING else value, item, world)
    return value


def _facts(collected: CollectedType, world: World) -> tuple[dict[str, object], list[Gap]]:
    facts: dict[str, object] = {}
    gaps = []
    for name, spec in _named_facts(collected):
        try:
            facts[name] = FACTS[spec.via](world)
        except UnreadError as error:
            gaps.append(replace(error.gap, subject=f"facts.{name}"))
        except _MALFORMED as error:
            gaps.append(_malformed(error, f"facts.{name}"))
    return facts, gaps


def _named_facts(collected: CollectedType) -> Iterator[tuple[str, FactSpec]]:
    """Its own facts, by name without `?`."""
    for name, spec in collected.spec.facts.items():
        yield name.removesuffix("?"), spec
