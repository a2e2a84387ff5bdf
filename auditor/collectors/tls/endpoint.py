"""One address of one endpoint, read to its end: a `tls.endpoint` for each certificate, or a gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.collectors.tls.derive import derive_endpoint
from auditor.collectors.tls.failure import NotOfferedError, ProbeError
from auditor.collectors.tls.keys import Leaf
from auditor.collectors.tls.leaf import TRUST_FIELDS, LeafReader
from auditor.collectors.tls.link import Dialer
from auditor.collectors.tls.plan import Plan
from auditor.collectors.tls.settings import EndpointSettings
from auditor.collectors.tls.survey import HIDDEN, Survey, survey
from auditor.collectors.tls.trust import requires_client_certificate
from auditor.collectors.tls.wire import VERSIONS, Flight
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

_CERTIFICATE_FIELDS = (*TRUST_FIELDS, "raw", "raw_staple", "raw_revocation", "client_certificate")


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows and the gaps, and the connections that they took.

    Args:
        resources: One for each certificate, the default one first; empty when the address could
            not be read.
        gaps: Why there is no row, or which other certificates may be served.
    """

    endpoint: EndpointSettings
    address: str
    resources: tuple[Resource, ...]
    gaps: tuple[Gap, ...]
    calls: tuple[Call, ...]
    connections: int

    def facts(self, name: str) -> list[object]:
        """A field of each row; None where it, or any certificate of the address, is unread."""
        values = [resource.data.get(name) for resource in self.resources]
        return [*values, None] if self.gaps or not values else values

    @property
    def tls_offered(self) -> bool:
        """Whether the address answered in TLS."""
        return any(resource.data.get("tls_offered") is True for resource in self.resources)


def read_address(plan: Plan) -> Reading:
    """Read one address. Never raises for what the server does."""
    reader = _Reader(plan)
    try:
        resources = reader.read()
        gaps = reader.gaps
    except ProbeError as error:
        resources, gaps = [], [error.gap(subject=plan.id, action="TLS handshake")]
    calls = (*reader.dialer.calls, *reader.http_calls)
    connections = len(reader.dialer.calls)
    return Reading(plan.endpoint, plan.address, tuple(resources), tuple(gaps), calls, connections)


class _Reader:
    """The steps, and what they have found so far about the address."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._name = plan.endpoint.server_name
        self.dialer = Dialer(
            address=plan.address,
            port=plan.endpoint.port,
            starttls=plan.endpoint.starttls,
            timeout_s=plan.timeout_s,
            clock=plan.clock,
            budget=plan.budget,
        )
        self.http_calls: list[Call] = []
        self.gaps: list[Gap] = []
        self._read_at = plan.clock()
        self._data: dict[str, object] = {}
        self._unread: dict[str, Gap] = {}

    def read(self) -> list[Resource]:
        """(1) protocols, ciphers and certificates, (2) each certificate, (3) client certificate.

        Raises:
            ProbeError: The address does not answer, or not in TLS.
        """
        self._data |= self._identity()
        try:
            found = survey(self.dialer, self._name)
        except NotOfferedError as error:
            return [self._without_tls(error.message)]
        self._data["tls_offered"] = True
        leaves = found.leaves()
        if not leaves:
            self._without_certificate(found)
        readers = [self._read_leaf(leaf, found) for leaf in leaves]
        if leaves:
            self._ask_client_certificate(leaves[0].flight)
            self.gaps = self._certificates_unread(found)
        self._data |= found.facts()
        self._unread |= found.unread()
        rows = [self._row(leaf, reader) for leaf, reader in zip(leaves, readers, strict=True)]
        return rows or [self._resource({}, {})]

    def _identity(self) -> dict[str, object]:
        endpoint = self._plan.endpoint
        return {
            "id": self._plan.id,
            "certificate": "default",
            "endpoint": endpoint.endpoint,
            "host": endpoint.host,
            "port": endpoint.port,
            "address": self._plan.address,
            "server_name": endpoint.server_name,
            "starttls": endpoint.starttls,
            "fingerprints_allowed": sorted(endpoint.fingerprints),
            "read_at": format_instant(self._read_at),
        }

    def _without_tls(self, reason: str) -> Resource:
        """The protocol before TLS said no: no protocol is accepted, and there is no certificate."""
        self._data |= {
            "tls_offered": False,
            "protocols": [],
            "protocols_refused": list(VERSIONS),
            "protocols_untested": ["SSLv2"],
            "protocol_answers": dict.fromkeys(VERSIONS, reason),
            "weak_ciphers": [],
            "ciphers_untested": [],
            "cipher_answers": {},
            "key_answers": {},
            "forward_secrecy": False,
            "dh_bits": None,
        }
        return self._resource({}, {}, Gap(Cause.NOT_SUPPORTED, f"there is no TLS: {reason}"))

    def _without_certificate(self, found: Survey) -> None:
        if found.has_hidden_certificate():
            self._unread |= dict.fromkeys(_CERTIFICATE_FIELDS, HIDDEN)
            return
        # Anonymous suites only: nothing is shown, so nothing is trusted, and that is known.
        self._data |= {
            "raw": [],
            "raw_staple": None,
            "chain_ok": False,
            "verify_error": "the server shows no certificate",
            "client_certificate": "none",
        }

    def _read_leaf(self, leaf: Leaf, found: Survey) -> LeafReader:
        reader = LeafReader(self._plan, self.dialer, leaf, found, self._read_at)
        reader.read()
        self.http_calls += reader.calls
        return reader

    def _ask_client_certificate(self, flight: Flight) -> None:
        if not flight.certificate_requested:
            self._data["client_certificate"] = "none"
            return
        try:
            with self.dialer.dial("handshake without a client certificate") as link:
                required = requires_client_certificate(link, self._name)
        except ProbeError as error:
            self._unread["client_certificate"] = error.gap(action="handshake")
            return
        self._data["client_certificate"] = "required" if required else "requested"

    def _certificates_unread(self, found: Survey) -> list[Gap]:
        return [
            Gap(
                gap.cause,
                f"another certificate may be served, and was not seen: {gap.detail}",
                subject=f"{self._plan.id}#{name}",
                action=gap.action,
                hint=gap.hint,
            )
            for name, gap in found.unread_certificates().items()
        ]

    def _row(self, leaf: Leaf, reader: LeafReader) -> Resource:
        own = dict(reader.data)
        if leaf.name != "default":
            own |= {"id": f"{self._plan.id}#{leaf.name}", "certificate": leaf.name}
        return self._resource(own, reader.unread)

    def _resource(
        self, own: Mapping[str, object], unread: Mapping[str, Gap], absent: Gap | None = None
    ) -> Resource:
        """The row: what was read, what follows from it, and a gap for every field without value."""
        data = {**self._data, "connections": len(self.dialer.calls), **own}
        data |= derive_endpoint(data)
        fields = self._plan.fields.fields
        known = {**self._unread, **unread}
        missing = [name for name in fields if name not in data]
        gaps = {name: known.get(name) or _reason(name, known, absent) for name in missing}
        return Resource({name: data[name] for name in fields if name in data}, unread=gaps)


def _reason(name: str, known: Mapping[str, Gap], absent: Gap | None) -> Gap:
    """Why a derived field has no value."""
    if absent is not None:
        return absent
    revocation = known.get("raw_revocation")
    if revocation is not None and name.startswith(_REVOCATION):
        return revocation
    return Gap(Cause.UNPARSABLE, f"the certificate as sent does not yield {name}")


_REVOCATION = ("revocation", "revoked_at")


def facts_of(readings: Mapping[str, list[Reading]]) -> dict[str, object]:
    """The facts of a whole collection of `tls.endpoint`."""
    every = [reading for items in readings.values() for reading in items]
    return {
        "endpoints": len(readings),
        "addresses": len(every),
        "certificates": sum(max(1, len(reading.resources)) for reading in every),
        "connections": sum(reading.connections for reading in every),
    }
