"""One certificate that an address serves: whether it is trusted, and whether it is revoked."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from auditor.collectors.tls.ask import Inquiry
from auditor.collectors.tls.certificate import crl_urls, ocsp_urls, parse_certificate
from auditor.collectors.tls.derive import encode, find_issuer
from auditor.collectors.tls.failure import ProbeError
from auditor.collectors.tls.fetch import Fetcher
from auditor.collectors.tls.keys import Leaf
from auditor.collectors.tls.link import Dialer
from auditor.collectors.tls.plan import Plan
from auditor.collectors.tls.survey import Survey
from auditor.collectors.tls.trust import Trust
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

TRUST_FIELDS = ("trust", "chain_ok", "verify_code", "verify_error", "chain_complete")
_OTHER_SHOWN = Gap(
    Cause.INCOMPLETE,
    "the handshake that judges trust was shown another certificate, or none in clear",
    hint="where an address serves several certificates, the local TLS library can choose one by"
    " its kind of key only up to TLS 1.2",
)


class LeafReader:
    """The steps for one certificate, and what they have found: `data` and `unread`.

    Args:
        leaf: One of `found.leaves()`.
        found: Told when the server falls silent.
        read_at: The moment for which answers about revocation must be valid.
    """

    def __init__(
        self, plan: Plan, dialer: Dialer, leaf: Leaf, found: Survey, read_at: datetime
    ) -> None:
        self._plan = plan
        self._dialer = dialer
        self._leaf = leaf
        self._flight = leaf.flight
        self._found = found
        self._several = len(found.leaves()) > 1
        self._read_at = read_at
        self._trust: Trust | None = None
        self.calls: list[Call] = []
        self.data: dict[str, object] = {}
        self.unread: dict[str, Gap] = {}

    def read(self) -> None:
        """(1) the bytes, (2) trust, (3) revocation. Never raises for what the server does."""
        staple = self._flight.staple
        self.data["raw"] = [encode(der) for der in self._flight.chain]
        self.data["raw_staple"] = encode(staple) if staple is not None else None
        self._judge_trust()
        self._ask_revocation()

    def _judge_trust(self) -> None:
        only = self._leaf.kind if self._several and self._leaf.in_clear else None
        try:
            self._trust = Trust(self._plan.ca_file, self._plan.system, only)
        except ProbeError as error:
            self.unread |= dict.fromkeys(TRUST_FIELDS, error.gap())
            return
        try:
            with self._dialer.dial("handshake that judges trust") as link:
                verdict = self._trust.judge(link, self._plan.endpoint.server_name)
        except ProbeError as error:
            self.unread |= dict.fromkeys(TRUST_FIELDS, error.gap(action="handshake"))
            if error.cause is not Cause.NOT_SUPPORTED:
                self._found.doubt_silence(error)
            return
        unknown = verdict.leaf is None and not self._several  # then there is only one to mean
        if not unknown and verdict.leaf != self._flight.chain[0]:
            self.unread |= dict.fromkeys(TRUST_FIELDS, _OTHER_SHOWN)
            return
        self.data |= {
            "trust": self._trust.source,
            "chain_ok": verdict.ok,
            "verify_code": verdict.code,
            "verify_error": verdict.text,
        }

    def _ask_revocation(self) -> None:
        """Only a trusted certificate may send us anywhere: others are judged by trust already."""
        if "chain_ok" not in self.data:
            self.unread["raw_revocation"] = Gap(
                Cause.DEPENDENCY, "whether the chain is trusted is not known"
            )
        elif not self.data["chain_ok"]:
            self.data["raw_revocation"] = None
        else:
            try:
                self.data["raw_revocation"] = self._inquire()
            except ProbeError as error:
                self.unread["raw_revocation"] = error.gap(action="revocation status")
            except (ValueError, UnsupportedAlgorithm) as error:
                self.unread["raw_revocation"] = Gap(
                    Cause.UNPARSABLE, f"a certificate of the chain cannot be read: {error}"
                )

    def _inquire(self) -> dict[str, object] | None:
        leaf = parse_certificate(self._flight.chain[0])
        if self._flight.staple is None and not (ocsp_urls(leaf) or crl_urls(leaf)):
            return None
        inquiry = Inquiry(
            leaf=leaf,
            issuer=self._issuer(leaf),
            at=self._read_at,
            fetcher=Fetcher(self._plan.timeout_s, self._plan.budget),
            clock=self._plan.clock,
            calls=self.calls,
        )
        return inquiry.ask(self._flight.staple)

    def _issuer(self, leaf: x509.Certificate) -> x509.Certificate:
        sent = [parse_certificate(der) for der in self._flight.chain[1:]]
        roots = self._trust.roots() if self._trust else iter(())
        name = leaf.issuer.public_bytes()
        near = [parse_certificate(der) for der in roots if name in der]
        issuer = find_issuer(leaf, [*sent, *near])
        if issuer is None:
            raise ProbeError(
                Cause.NOT_COLLECTED, "the certificate of the issuer is neither sent nor a root here"
            )
        return issuer
