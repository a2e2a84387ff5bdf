"""Asks for the revocation status of one certificate: staple, then OCSP, then revocation list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.collectors.tls import certificate as facts
from auditor.collectors.tls import revocation
from auditor.collectors.tls.derive import encode
from auditor.collectors.tls.failure import ProbeError
from auditor.collectors.tls.fetch import Fetcher
from auditor.core.model.observation import Call
from auditor.core.model.status import Cause


@dataclass(slots=True)
class Inquiry:
    """One certificate's status.

    Args:
        at: The moment for which answers must be valid: `read_at` of the evidence.
    """

    leaf: x509.Certificate
    issuer: x509.Certificate
    at: datetime
    fetcher: Fetcher
    clock: Callable[[], datetime]
    calls: list[Call] = field(default_factory=list)

    def ask(self, staple: bytes | None) -> dict[str, object] | None:
        """The first answer that counts, as `raw_revocation`; None when nobody can be asked.

        Raises:
            ProbeError: Somebody was asked, and no answer counts.
        """
        problems: list[ProbeError] = []
        for source, url, fetch in self._sources(staple):
            try:
                response = fetch()
                revocation.judge(source, response, self.leaf, self.issuer, self.at)
            except ProbeError as error:
                problems.append(error)
            except revocation.AnswerError as error:
                problems.append(ProbeError(Cause.UNPARSABLE, f"{source} {url}: {error}".strip()))
            else:
                return {
                    "source": source,
                    "url": url,
                    "issuer": encode(self.issuer.public_bytes(Encoding.DER)),
                    "response": encode(response),
                }
        if problems:
            raise _merged(problems)
        return None

    def _sources(self, staple: bytes | None) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
        if staple is not None:
            yield "staple", "", partial(bytes, staple)
        for url in facts.ocsp_urls(self.leaf):
            yield "ocsp", url, partial(self._ocsp, url)
        for url in facts.crl_urls(self.leaf):
            yield "crl", url, partial(self._crl, url)

    def _ocsp(self, url: str) -> bytes:
        request = revocation.ocsp_request(self.leaf, self.issuer)
        return self._called("OCSP request", url, lambda: self.fetcher.post_ocsp(url, request))

    def _crl(self, url: str) -> bytes:
        return self._called("revocation list", url, lambda: self.fetcher.get(url))

    def _called(self, request: str, url: str, fetch: Callable[[], bytes]) -> bytes:
        started_at = self.clock()
        ok = False
        try:
            response = fetch()
            ok = True
        finally:
            self.calls.append(Call(request, url, started_at, items=int(ok), ok=ok))
        return response


def _merged(problems: list[ProbeError]) -> ProbeError:
    return ProbeError(
        problems[0].cause,
        "no answer about revocation counts: " + "; ".join(error.message for error in problems),
        hint="let this machine reach the certificate's OCSP or CRL server",
    )
