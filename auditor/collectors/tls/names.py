"""Rows that look over all addresses of a name, and over all names: `tls.name`, `tls.inventory`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.tls.endpoint import Reading
from auditor.collectors.tls.settings import (
    EndpointSettings,
    inventory_endpoint,
    is_address,
    join_endpoint,
    split_endpoint,
)
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

Place = tuple[str, int]
_FROM_INVENTORY, _FROM_SETTINGS, _FROM_CERTIFICATE = "inventory", "settings", "certificate"
_NO_INVENTORY = Gap(
    Cause.NOT_COLLECTED,
    "auditor.yaml has no inventory of endpoints to compare with",
    action="inventory.endpoints",
    hint='list every published name under `inventory: {endpoints: ["shop.example.org:443"]}`',
)


def name_resource(endpoint: EndpointSettings, readings: Sequence[Reading]) -> Resource:
    """What was served for one name over all its addresses.

    Args:
        readings: One for each address; at least one.
    """
    data: dict[str, object] = {
        "endpoint": endpoint.endpoint,
        "host": endpoint.host,
        "port": endpoint.port,
        "server_name": endpoint.server_name,
        "starttls": endpoint.starttls,
        "addresses": [reading.address for reading in readings],
        "fingerprints_allowed": sorted(endpoint.fingerprints),
    }
    unread: dict[str, Gap] = {}
    for key, names in _FROM_ROWS.items():
        silent = [r.address for r in readings if None in r.facts(key)]
        if silent:
            detail = f"not every certificate was read at {', '.join(silent)}"
            unread |= dict.fromkeys(names, Gap(Cause.INCOMPLETE, detail, action=key))
    values: dict[str, object] = {
        "fingerprints": _distinct(readings, "fingerprint"),
        "served": [
            {
                "address": reading.address,
                "fingerprints": _distinct([reading], "fingerprint"),
                "key_types": _distinct([reading], "key_type"),
            }
            for reading in readings
        ],
        # RFC 3339 in UTC, whole seconds: sorts as time
        "not_after": next(iter(_distinct(readings, "not_after")), None),
    }
    data |= {name: value for name, value in values.items() if name not in unread}
    return Resource(data, unread=unread)


_FROM_ROWS: Mapping[str, tuple[str, ...]] = {
    "fingerprint": ("fingerprints", "served"),
    "key_type": ("served",),
    "not_after": ("not_after",),
}


def _distinct(readings: Sequence[Reading], name: str) -> list[str]:
    return sorted({str(value) for reading in readings for value in reading.facts(name)})


def inventory_places(inventory: Mapping[str, object]) -> tuple[frozenset[Place], list[Gap]]:
    """Host and port of every entry of `inventory.endpoints`, and what is wrong with the list."""
    entries = inventory.get("endpoints")
    if not isinstance(entries, Iterable) or isinstance(entries, (str, Mapping)):
        return frozenset(), [_NO_INVENTORY]
    places: set[Place] = set()
    gaps: list[Gap] = []
    for entry in entries:
        try:
            places.add(inventory_endpoint(entry))
        except ValueError as error:
            gaps.append(Gap(Cause.UNPARSABLE, str(error), action="inventory.endpoints"))
    return frozenset(places), gaps


@dataclass(slots=True)
class _Known:
    """What is known about one name."""

    sources: set[str] = field(default_factory=set)
    seen_on: set[str] = field(default_factory=set)
    probed: bool = False


def inventory_rows(
    inventory: Mapping[str, object],
    readings: Mapping[str, list[Reading]],
    elsewhere: frozenset[Place] = frozenset(),
) -> tuple[list[Resource], list[Gap]]:
    """One row for each name known from the inventory, the settings or a certificate served.

    Args:
        readings: By endpoint; an endpoint without readings was not resolved.
        elsewhere: Endpoints that the settings leave to another target.
    """
    places, gaps = inventory_places(inventory)
    if _NO_INVENTORY in gaps:
        return [], gaps
    known: dict[Place, _Known] = {place: _Known({_FROM_INVENTORY}) for place in places}
    for endpoint, items in readings.items():
        entry = known.setdefault(split_endpoint(endpoint), _Known())
        entry.sources.add(_FROM_SETTINGS)
        entry.probed = any(reading.tls_offered for reading in items)
        gaps += _unread_names(endpoint, items)
        for place in _names_served(endpoint, items):
            seen = known.setdefault(place, _Known())
            seen.sources.add(_FROM_CERTIFICATE)
            seen.seen_on.add(endpoint)
    rows = [_row(place, known[place], place in elsewhere) for place in sorted(known)]
    return rows, gaps


def _row(place: Place, known: _Known, elsewhere: bool) -> Resource:  # noqa: FBT001 - a field
    host, port = place
    return Resource(
        {
            "name": join_endpoint(host, port),
            "host": host,
            "port": port,
            "sources": sorted(known.sources),
            "in_inventory": _FROM_INVENTORY in known.sources,
            "configured": _FROM_SETTINGS in known.sources,
            "elsewhere": elsewhere,
            "probed": known.probed,
            "seen_on": sorted(known.seen_on),
        }
    )


def _names_served(endpoint: str, readings: Sequence[Reading]) -> set[Place]:
    """DNS names of the certificates, at the endpoint's port; a wildcard names no single host."""
    port = split_endpoint(endpoint)[1]
    every = [sans for reading in readings for sans in reading.facts("sans")]
    names = [name for sans in every for name in _texts(sans)]
    return {(name, port) for name in names if not name.startswith("*") and not is_address(name)}


def _unread_names(endpoint: str, readings: Sequence[Reading]) -> list[Gap]:
    unread = [reading.address for reading in readings if None in reading.facts("sans")]
    if readings and not unread:
        return []
    where = f" at {', '.join(unread)}" if unread else ""
    detail = f"the names of the certificate{where} are not known"
    return [Gap(Cause.INCOMPLETE, detail, subject=endpoint, action="TLS handshake")]


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
