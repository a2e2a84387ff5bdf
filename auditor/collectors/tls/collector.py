"""The TLS collector: names to addresses, addresses to readings, readings to observations."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

from auditor import __version__
from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    PlannedCall,
    Preflight,
    TargetKind,
    listed_permissions,
)
from auditor.collectors.tls.ct import join_export, load_export
from auditor.collectors.tls.derive import derive_endpoint
from auditor.collectors.tls.endpoint import Reading, facts_of, read_address
from auditor.collectors.tls.failure import NotOfferedError, ProbeError, from_os_error
from auditor.collectors.tls.link import Dialer
from auditor.collectors.tls.names import inventory_places, inventory_rows, name_resource
from auditor.collectors.tls.plan import Plan
from auditor.collectors.tls.settings import EndpointSettings, TlsSettings, split_endpoint
from auditor.collectors.tls.trust import SystemStore
from auditor.collectors.types_yaml import load_resource_types
from auditor.core.model.fields import Record
from auditor.core.model.observation import Call, Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

VERSION = f"tls {__version__}"
_IDENTITY = "anonymous TLS client"
_NO_EXPORT = Gap(
    Cause.NOT_COLLECTED,
    "the settings of the target name no certificate-transparency export",
    action="ct_export",
    hint="save https://crt.sh/?q=<domain>&output=json to a file and set `ct_export` to its path",
)

Resolve = Callable[[str, int], list[str]]


def resolve_addresses(host: str, port: int) -> list[str]:
    """Every A and AAAA address of a host, IPv4 first, each once.

    Raises:
        ProbeError: The name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise from_os_error(error, f"looking up {host}") from error
    except UnicodeError as error:
        raise ProbeError(Cause.UNPARSABLE, f"{host} is no DNS name: {error}") from error
    addresses = {(family != socket.AF_INET, str(place[0])) for family, *_, place in found}
    return [address for _, address in sorted(addresses)]


@dataclass(slots=True)
class _Sweep:
    """Everything that was read of one target, once for all resource types."""

    readings: dict[str, list[Reading]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def every(self) -> list[Reading]:
        """The readings in order of the settings, then of the address."""
        return [reading for items in self.readings.values() for reading in items]


@dataclass(frozen=True, slots=True)
class _Result:
    """The part of an observation that differs between the resource types."""

    resources: Sequence[Resource] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    gaps: Sequence[Gap] = ()
    calls: Sequence[Call] = ()
    as_of: datetime | None = None


class TlsCollector:
    """Reads targets of kind `tls-endpoint`.

    Args:
        resolve: Host and port to addresses; the system's resolver by default.
        system: The trusted roots of this machine; OpenSSL's own place by default.
    """

    name = "tls"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = MappingProxyType(
        {"tls-endpoint": TargetKind(TlsSettings)}
    )

    def __init__(
        self, *, resolve: Resolve = resolve_addresses, system: SystemStore | None = None
    ) -> None:
        self._resolve = resolve
        self._system = system or SystemStore.of_openssl()
        path = Path(__file__).with_name("types.yaml")
        self._types = load_resource_types(path, {"tls.endpoint": derive_endpoint})

    @property
    def expanders(self) -> Sequence[Expander]:
        """None."""
        return ()

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name."""
        return self._types

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """What must be allowed, in words."""
        known = self.resource_types()
        return listed_permissions(known[name] for name in resource_types)

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """What is read, a line for each type: how many files or connections, only reading tells."""
        del target
        return [PlannedCall(name, None, "endpoint") for name in sorted(resource_types)]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """A connection to the first address of the first endpoint."""
        settings = settings_of(target, TlsSettings)
        endpoint = settings.resolved()[0]
        try:
            address = self._resolve(endpoint.host, endpoint.port)[0]
            dialer = Dialer(
                address=address,
                port=endpoint.port,
                starttls=endpoint.starttls,
                timeout_s=_timeout(settings, context),
                clock=context.clock,
                budget=context.budget,
            )
            with dialer.dial("connection"):
                return Preflight(_IDENTITY)
        except NotOfferedError:
            return Preflight(_IDENTITY)  # it answers; that it has no TLS is for the judgement
        except ProbeError as error:
            return Preflight(_IDENTITY, error.gap(endpoint.endpoint, "connection"))

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """Read every address once, and make from it one observation for each type asked for.

        Raises:
            UsageError: A type that it does not read.
            ConfigError: The target's settings are wrong.
        """
        refuse_unknown(self.name, target, resource_types, _RESULTS)
        started_at = context.clock()
        settings = settings_of(target, TlsSettings)
        sweep = self._sweep(settings, context)
        for name in resource_types:
            result = _RESULTS[name](settings, sweep, context)
            yield Observation(
                target=target.name,
                environment=target.environment,
                resource_type=name,
                identity=_IDENTITY,
                started_at=started_at,
                read_at=context.clock(),
                as_of=result.as_of or started_at,
                resources=tuple(result.resources),
                facts=result.facts,
                gaps=tuple(result.gaps),
                calls=tuple(result.calls),
                collector=VERSION,
            )

    def _sweep(self, settings: TlsSettings, context: CollectionContext) -> _Sweep:
        sweep = _Sweep()
        endpoints = settings.resolved()
        lookups = list(
            context.executor.map(partial(_look_up, self._resolve, context.clock), endpoints)
        )
        plans: list[Plan] = []
        for endpoint, (addresses, call, gap) in zip(endpoints, lookups, strict=True):
            sweep.readings[endpoint.endpoint] = []
            sweep.calls.append(call)
            sweep.gaps += [gap] if gap else []
            plans += [self._plan(endpoint, address, settings, context) for address in addresses]
        for reading in context.executor.map(read_address, plans):
            sweep.readings[reading.endpoint.endpoint].append(reading)
            sweep.gaps += reading.gaps
            sweep.calls += reading.calls
            context.progress(f"{reading.endpoint.endpoint} at {reading.address} read")
        sweep.calls.sort(key=lambda call: call.started_at)
        return sweep

    def _plan(
        self,
        endpoint: EndpointSettings,
        address: str,
        settings: TlsSettings,
        context: CollectionContext,
    ) -> Plan:
        fields: Record = self._types["tls.endpoint"].fields
        return Plan(
            endpoint=endpoint,
            address=address,
            ca_file=settings.ca_file,
            system=self._system,
            timeout_s=_timeout(settings, context),
            clock=context.clock,
            budget=context.budget,
            fields=fields,
        )


def _timeout(settings: TlsSettings, context: CollectionContext) -> float:
    return min(settings.connect_timeout.total_seconds(), context.timeout_s)


def _look_up(
    resolve: Resolve, clock: Callable[[], datetime], endpoint: EndpointSettings
) -> tuple[list[str], Call, Gap | None]:
    call = Call(f"look up {endpoint.host}", "resolver of this machine", clock())
    try:
        addresses = resolve(endpoint.host, endpoint.port)
    except ProbeError as error:
        gap = error.gap(endpoint.endpoint, "DNS lookup")
        return [], replace(call, ok=False), gap
    return addresses, replace(call, items=len(addresses)), None


def _endpoints(_settings: TlsSettings, sweep: _Sweep, _context: CollectionContext) -> _Result:
    resources = [resource for reading in sweep.every() for resource in reading.resources]
    return _Result(resources, facts_of(sweep.readings), sweep.gaps, sweep.calls)


def _names(settings: TlsSettings, sweep: _Sweep, _context: CollectionContext) -> _Result:
    resources = [
        name_resource(endpoint, sweep.readings[endpoint.endpoint])
        for endpoint in settings.resolved()
        if sweep.readings[endpoint.endpoint]
    ]
    return _Result(resources, {"names": len(settings.endpoints)}, sweep.gaps, sweep.calls)


def _inventory(settings: TlsSettings, sweep: _Sweep, context: CollectionContext) -> _Result:
    elsewhere = frozenset(split_endpoint(item) for item in settings.elsewhere)
    resources, gaps = inventory_rows(context.inventory, sweep.readings, elsewhere)
    places, _ = inventory_places(context.inventory)
    facts = {"inventory": len(places), "endpoints": len(sweep.readings)}
    return _Result(resources, facts, gaps, sweep.calls)


def _ct_certificates(settings: TlsSettings, sweep: _Sweep, context: CollectionContext) -> _Result:
    if settings.ct_export is None:
        return _Result(gaps=[_NO_EXPORT])
    path = Path(settings.ct_export)
    call = Call(f"read {path.name}", "local", context.clock())
    try:
        export = load_export(path)
    except ProbeError as error:
        return _Result(gaps=[error.gap(action="ct_export")], calls=[replace(call, ok=False)])
    places, gaps = inventory_places(context.inventory)
    if gaps:
        return _Result(gaps=gaps, calls=[call])
    serials = [serial for reading in sweep.every() for serial in reading.facts("serial")]
    joined = join_export(
        export,
        frozenset(host for host, _ in places),
        frozenset(str(serial) for serial in serials if serial is not None),
        all_read=None not in serials and all(sweep.readings.values()),
    )
    facts = {
        "certificates": len(export.rows),
        "export": path.name,
        "as_of_source": export.as_of_source,
    }
    calls = [*sweep.calls, replace(call, items=len(export.rows))]
    return _Result(joined.resources, facts, joined.gaps, calls, as_of=export.as_of)


_RESULTS: Mapping[str, Callable[[TlsSettings, _Sweep, CollectionContext], _Result]] = {
    "tls.endpoint": _endpoints,
    "tls.name": _names,
    "tls.inventory": _inventory,
    "tls.ct_certificate": _ct_certificates,
}
