"""One address of one endpoint, read to its end: a `tls.endpoint`, or the gap in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from auditor.collectors.tls.ask import Inquiry
from auditor.collectors.tls.certificate import crl_urls, ocsp_urls
from auditor.collectors.tls.derive import derive_endpoint, encode, find_issuer
from auditor.collectors.tls.failure import NotOfferedError, ProbeError
from auditor.collectors.tls.fetch import Fetcher
from auditor.collectors.tls.link import Dialer
from auditor.collectors.tls.settings import EndpointSettings
from auditor.collectors.tls.survey import Survey, survey
from auditor.collectors.tls.trust import SystemStore, Trust, requires_client_certificate
from auditor.collectors.tls.wire import VERSIONS, Flight
from auditor.core.model.fields import Record
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

_TRUST_FIELDS = ("trust", "chain_ok", "verify_code", "verify_error", "chain_complete")
_CERTIFICATE_FIELDS = (*_TRUST_FIELDS, "raw", "raw_staple", "raw_revocation", "client_certificate")
_HIDDEN = Gap(
    Cause.NOT_SUPPORTED,
    "the server insists on a key-exchange group that this program does not have",
    hint="let the server also accept x25519 or secp256r1, as other clients need them too",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read, and with what.

    Args:
        timeout_s: For each connection, and for each request about revocation.
        fields: Those of `tls.endpoint`; each is read or stands in `unread`.
    """

    endpoint: EndpointSettings
    address: str
    ca_file: str | None
    system: SystemStore
    timeout_s: float
    clock: Callable[[], datetime]
    fields: Record

    @property
    def id(self) -> str:
        """Key of the row."""
        return f"{self.endpoint.endpoint}@{self.address}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The row, or the gap, and the connections that it took."""

    endpoint: EndpointSettings
    address: str
    resource: Resource | None
    gap: Gap | None
    calls: tuple[Call, ...]
    connections: int

    def fact(self, name: str) -> object:
        """A field of the row; None when there is no row or the field is unread."""
        return self.resource.data.get(name) if self.resource else None


def read_address(plan: Plan) -> Reading:
    """Read one address. Never raises for what the server does."""
    reader = _Reader(plan)
    resource, gap = None, None
    try:
        resource = reader.read()
    except ProbeError as error:
        gap = error.gap(subject=plan.id, action="TLS handshake")
    calls = (*reader.dialer.calls, *reader.http_calls)
    connections = len(reader.dialer.calls)
    return Reading(plan.endpoint, plan.address, resource, gap, calls, connections)


class _Reader:
    """The steps, and what they have found so far."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._name = plan.endpoint.server_name
        self.dialer = Dialer(
            address=plan.address,
            port=plan.endpoint.port,
            starttls=plan.endpoint.starttls,
            timeout_s=plan.timeout_s,
            clock=plan.clock,
        )
        self.http_calls: list[Call] = []
        self._read_at = plan.clock()
        self._data: dict[str, object] = {}
        self._unread: dict[str, Gap] = {}
        self._trust: Trust | None = None

    def read(self) -> Resource:
        """(1) protocols and ciphers, (2) chain, (3) trust, (4) client certificate, (5) revocation.

        Raises:
            ProbeError: The address does not answer, or not in TLS.
        """
        self._data |= self._identity()
        try:
            found = survey(self.dialer, self._name)
        except NotOfferedError as error:
            return self._without_tls(error.message)
        flight = found.flight()
        self._data["tls_offered"] = True
        if flight is None and found.has_hidden_certificate():
            self._unread |= dict.fromkeys(_CERTIFICATE_FIELDS, _HIDDEN)
        elif flight is None:
            self._without_certificate()
        else:
            self._data["raw"] = [encode(der) for der in flight.chain]
            self._data["raw_staple"] = encode(flight.staple) if flight.staple is not None else None
            self._judge_trust(flight, found)
            self._ask_client_certificate(flight)
            self._ask_revocation(flight)
        self._data |= found.facts()
        self._unread |= found.unread()
        return self._resource()

    def _identity(self) -> dict[str, object]:
        endpoint = self._plan.endpoint
        return {
            "id": self._plan.id,
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
            "forward_secrecy": False,
            "dh_bits": None,
        }
        return self._resource(Gap(Cause.NOT_SUPPORTED, f"there is no TLS: {reason}"))

    def _without_certificate(self) -> None:
        """Anonymous suites only: nothing is shown, so nothing is trusted, and that is known."""
        self._data |= {
            "raw": [],
            "raw_staple": None,
            "chain_ok": False,
            "verify_error": "the server shows no certificate",
            "client_certificate": "none",
        }

    def _judge_trust(self, flight: Flight, found: Survey) -> None:
        try:
            self._trust = Trust(self._plan.ca_file, self._plan.system)
        except ProbeError as error:
            self._unread |= dict.fromkeys(_TRUST_FIELDS, error.gap())
            return
        try:
            with self.dialer.dial("handshake that judges trust") as link:
                verdict = self._trust.judge(link, self._name)
        except ProbeError as error:
            self._unread |= dict.fromkeys(_TRUST_FIELDS, error.gap(action="handshake"))
            if error.cause is not Cause.NOT_SUPPORTED:
                found.doubt_silence(error)
            return
        if verdict.leaf is not None and verdict.leaf != flight.chain[0]:
            gap = Gap(Cause.INCOMPLETE, "two handshakes were shown two different certificates")
            self._unread |= dict.fromkeys(_TRUST_FIELDS, gap)
            return
        self._data |= {
            "trust": self._trust.source,
            "chain_ok": verdict.ok,
            "verify_code": verdict.code,
            "verify_error": verdict.text,
        }

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

    def _ask_revocation(self, flight: Flight) -> None:
        """Only a trusted certificate may send us anywhere: others are judged by trust already."""
        if "chain_ok" not in self._data:
            self._unread["raw_revocation"] = Gap(
                Cause.DEPENDENCY, "whether the chain is trusted is not known"
            )
        elif not self._data["chain_ok"]:
            self._data["raw_revocation"] = None
        else:
            try:
                self._data["raw_revocation"] = self._inquire(flight)
            except ProbeError as error:
                self._unread["raw_revocation"] = error.gap(action="revocation status")
            except (ValueError, UnsupportedAlgorithm) as error:
                self._unread["raw_revocation"] = Gap(
                    Cause.UNPARSABLE, f"a certificate of the chain cannot be read: {error}"
                )

    def _inquire(self, flight: Flight) -> dict[str, object] | None:
        leaf = x509.load_der_x509_certificate(flight.chain[0])
        if flight.staple is None and not (ocsp_urls(leaf) or crl_urls(leaf)):
            return None
        issuer = self._issuer(leaf, flight)
        inquiry = Inquiry(
            leaf=leaf,
            issuer=issuer,
            at=self._read_at,
            fetcher=Fetcher(self._plan.timeout_s),
            clock=self._plan.clock,
            calls=self.http_calls,
        )
        return inquiry.ask(flight.staple)

    def _issuer(self, leaf: x509.Certificate, flight: Flight) -> x509.Certificate:
        sent = [x509.load_der_x509_certificate(der) for der in flight.chain[1:]]
        roots = self._trust.roots() if self._trust else iter(())
        name = leaf.issuer.public_bytes()
        near = [x509.load_der_x509_certificate(der) for der in roots if name in der]
        issuer = find_issuer(leaf, [*sent, *near])
        if issuer is None:
            raise ProbeError(
                Cause.NOT_COLLECTED, "the certificate of the issuer is neither sent nor a root here"
            )
        return issuer

    def _resource(self, absent: Gap | None = None) -> Resource:
        """The row: what was read, what follows from it, and a gap for every field without value."""
        self._data["connections"] = len(self.dialer.calls)
        data = self._data | derive_endpoint(self._data)
        missing = [name for name in self._plan.fields.fields if name not in data]
        unread = {name: self._unread.get(name) or self._reason(name, absent) for name in missing}
        ordered = {name: data[name] for name in self._plan.fields.fields if name in data}
        return Resource(ordered, unread=unread)

    def _reason(self, name: str, absent: Gap | None) -> Gap:
        """Why a derived field has no value."""
        if absent is not None:
            return absent
        revocation = self._unread.get("raw_revocation")
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
        "connections": sum(reading.connections for reading in every),
    }
