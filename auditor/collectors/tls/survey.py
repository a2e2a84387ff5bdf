"""Which protocols, cipher families and kinds of keys one address has: one connection for each.

Refused means that the server answered the offer and did not take it. An offer without an answer
is a failure; it is kept apart, so that nothing unread looks refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.collectors.tls import suites, wire
from auditor.collectors.tls.failure import ProbeError
from auditor.collectors.tls.keys import KINDS, Leaf, kind_of, leaves_of
from auditor.collectors.tls.link import Dialer
from auditor.collectors.tls.probe import Answer, Refusal, offer
from auditor.collectors.tls.wire import Flight
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_NEWEST_FIRST = tuple(reversed(tuple(wire.VERSIONS)))
_FAMILIES = (*suites.WEAK_FAMILIES, *suites.FORWARD_SECRET)
_BELOW_1_3 = _NEWEST_FIRST[1:]
_MAX_FAILURES = 2  # before the first answer
_MAX_FAILED_OFFERS = 4  # in all: bounds the time spent on one address
HIDDEN = Gap(
    Cause.NOT_SUPPORTED,
    "the server insists on a key-exchange group that this program does not have",
    hint="let the server also accept x25519 or secp256r1, as other clients need them too",
)


@dataclass(slots=True)
class Survey:
    """The answers, by protocol, by family and by kind, and the failures in their place."""

    protocols: dict[str, Answer] = field(default_factory=dict)
    families: dict[str, Answer] = field(default_factory=dict)
    failed_protocols: dict[str, ProbeError] = field(default_factory=dict)
    failed_families: dict[str, ProbeError] = field(default_factory=dict)
    kinds: dict[str, Answer] = field(default_factory=dict)
    failed_kinds: dict[str, ProbeError] = field(default_factory=dict)

    def flight(self) -> Flight | None:
        """The flight of the newest accepted protocol in which there was a certificate."""
        flights = (self.protocols.get(version) for version in _NEWEST_FIRST)
        return next((f for f in flights if isinstance(f, Flight) and f.chain), None)

    def leaves(self) -> list[Leaf]:
        """Every certificate that was shown, each once; the first is the default."""
        return leaves_of(self._shown()) if self.flight() else []

    def unread_certificates(self) -> dict[str, Gap]:
        """Certificates that may be served and were not seen, by protocol and kind."""
        hidden = {
            name: HIDDEN
            for name, answer in {**self.protocols, **self.kinds}.items()
            if isinstance(answer, Flight) and name.startswith("TLSv1.3") and not answer.chain
        }
        return hidden | {
            name: error.gap(action=f"offer {name} keys only")
            for name, error in self.failed_kinds.items()
        }

    def kinds_shown(self, version: str) -> set[str]:
        """Kinds of the certificates that were shown in one protocol."""
        return {kind_of(f.chain[0]) for f in self._shown() if f.version == version}

    def _shown(self) -> list[Flight]:
        """The flights with a certificate, the newest protocol first."""
        protocols = [self.protocols.get(version) for version in _NEWEST_FIRST]
        every = [*protocols, *self.kinds.values(), *self.families.values()]
        return [answer for answer in every if isinstance(answer, Flight) and answer.chain]

    def has_hidden_certificate(self) -> bool:
        """Whether TLS 1.3 is accepted with a certificate, always, that could not be opened."""
        newest = self.protocols.get("TLSv1.3")
        return isinstance(newest, Flight) and not newest.chain

    def facts(self) -> dict[str, object]:
        """The fields that could be read."""
        accepted = [name for name in wire.VERSIONS if _accepted(self.protocols, name)]
        refused = [n for n in wire.VERSIONS if isinstance(self.protocols.get(n), Refusal)]
        facts: dict[str, object] = {
            "protocols_untested": ["SSLv2"],
            "protocol_answers": _texts(self.protocols),
            "ciphers_untested": [],
            "cipher_answers": _texts(self.families),
            "key_answers": _texts(self.kinds),
        }
        if not self.failed_protocols:
            facts |= {"protocols": accepted, "protocols_refused": refused}
        if not self._failed(suites.WEAK_FAMILIES):
            weak = [name for name in suites.WEAK_FAMILIES if _accepted(self.families, name)]
            facts["weak_ciphers"] = weak
        secret = _accepted(self.protocols, "TLSv1.3") or any(
            _accepted(self.families, name) for name in suites.FORWARD_SECRET
        )
        if secret or not (
            self._failed(suites.FORWARD_SECRET) or "TLSv1.3" in self.failed_protocols
        ):
            facts["forward_secrecy"] = secret
        if not self._failed(("DHE",)):
            dhe = self.families.get("DHE")
            facts["dh_bits"] = dhe.dh_bits if isinstance(dhe, Flight) else None
        return facts

    def unread(self) -> dict[str, Gap]:
        """Gaps of the fields that are not in `facts`."""
        unread: dict[str, Gap] = {}
        for version, error in self.failed_protocols.items():
            gap = error.gap(action=f"offer {version}")
            unread |= {"protocols": gap, "protocols_refused": gap}
            if version == "TLSv1.3":
                unread["forward_secrecy"] = gap
        for name, error in self.failed_families.items():
            gap = error.gap(action=f"offer {name} cipher suites")
            unread |= dict.fromkeys(_FIELDS.get(name, ("weak_ciphers",)), gap)
        return {path: gap for path, gap in unread.items() if path not in self.facts()}

    def failures(self) -> list[ProbeError]:
        """All failures, those of protocols first."""
        return [
            *self.failed_protocols.values(),
            *self.failed_families.values(),
            *self.failed_kinds.values(),
        ]

    def doubt_silence(self, error: ProbeError) -> None:
        """The server stopped answering: what it had closed without a word was not refused."""
        for answers, failed in (
            (self.protocols, self.failed_protocols),
            (self.families, self.failed_families),
            (self.kinds, self.failed_kinds),
        ):
            for name, answer in list(answers.items()):
                if isinstance(answer, Refusal) and answer.silent:
                    del answers[name]
                    failed[name] = error

    def _failed(self, names: tuple[str, ...]) -> bool:
        return any(name in self.failed_families for name in names)


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "DHE": ("forward_secrecy", "dh_bits"),
    "ECDHE": ("forward_secrecy",),
}


def survey(dialer: Dialer, server_name: str | None) -> Survey:
    """Offer every protocol, then every family, then every kind of key, each alone.

    Raises:
        ProbeError: The address does not answer, or takes nothing that is offered.
        NotOfferedError: It says before TLS that it has none.
    """
    result = Survey()
    to_protocols = _Offers(dialer, server_name, result, result.protocols, result.failed_protocols)
    to_families = _Offers(dialer, server_name, result, result.families, result.failed_families)
    for version in _NEWEST_FIRST:
        usable = suites.tls13() if version == "TLSv1.3" else suites.authenticated()
        to_protocols.make(version, version, usable)
        _give_up(result)
    # A server may keep a weak suite for old protocols only: ask in each that it takes.
    below = [version for version in _BELOW_1_3 if _accepted(result.protocols, version)]
    for name in _FAMILIES:
        for version in below or ["TLSv1.2"]:
            to_families.make(name, version, suites.family(name))
            if not isinstance(result.families.get(name), Refusal):
                break
    if _accepted(result.families, "anon"):
        # A protocol that takes only suites without a certificate is accepted all the same.
        for version in _BELOW_1_3:
            if isinstance(result.protocols.get(version), Refusal):
                to_protocols.make(version, version, suites.family("anon"))
    if not any(isinstance(answer, Flight) for answer in result.protocols.values()):
        raise _nothing_accepted(result)
    _offer_kinds(_Offers(dialer, server_name, result, result.kinds, result.failed_kinds))
    return result


def _offer_kinds(offers: _Offers) -> None:
    """Those that no answer has shown yet, in each protocol in which there is a certificate."""
    for version in _NEWEST_FIRST:
        shown = offers.survey.kinds_shown(version)
        for name, kind in KINDS.items():
            if shown and name not in shown and kind.is_in(version):
                usable, signatures = kind.offer(version)
                offers.make(f"{version} {name}", version, usable, signatures)


@dataclass(frozen=True, slots=True)
class _Offers:
    """Makes offers and files the answers."""

    dialer: Dialer
    server_name: str | None
    survey: Survey
    answers: dict[str, Answer]
    failed: dict[str, ProbeError]

    def make(
        self,
        name: str,
        version: str,
        usable: tuple[int, ...],
        signatures: tuple[int, ...] = wire.SIGNATURES,
    ) -> None:
        """One connection with one hello; none any more at a server that has stopped answering."""
        failures = self.survey.failures()
        self.answers.pop(name, None)
        if len(failures) >= _MAX_FAILED_OFFERS:
            self.failed[name] = failures[-1]
            return
        sent = f"server name {self.server_name}" if self.server_name else "no server name"
        try:
            with self.dialer.dial(f"{version} hello, {len(usable)} suites, {sent}") as link:
                answer = offer(link, version, usable, self.server_name, signatures)
                self.answers[name] = answer
        except ProbeError as error:
            self.failed[name] = error


def _give_up(result: Survey) -> None:
    """No connection at the first try, or nothing but failures at two: the address is unread."""
    failures = list(result.failed_protocols.values())
    if failures and not result.protocols:
        unreachable = failures[0].cause is Cause.UNREACHABLE
        if unreachable or len(failures) >= _MAX_FAILURES:
            raise failures[0]


def _nothing_accepted(result: Survey) -> ProbeError:
    answers = [a for a in result.protocols.values() if isinstance(a, Refusal)]
    if all(answer.silent for answer in answers):
        failures = list(result.failed_protocols.values())
        return (
            failures[0]
            if failures
            else ProbeError(
                Cause.UNPARSABLE,
                "the server closes the connection at every hello from SSLv3 to TLSv1.3",
                hint="check that the port speaks TLS from the first byte, or set `starttls`",
            )
        )
    said = ", ".join(f"{name}: {text}" for name, text in _texts(result.protocols).items())
    return ProbeError(
        Cause.NOT_SUPPORTED,
        f"the server takes no protocol from SSLv3 to TLSv1.3 ({said})",
        hint="check the server name, and that the server has a certificate",
    )


def _accepted(answers: Mapping[str, Answer], name: str) -> bool:
    return isinstance(answers.get(name), Flight)


def _texts(answers: Mapping[str, Answer]) -> dict[str, str]:
    return {
        name: suites.suite_name(a.suite) if isinstance(a, Flight) else a.answer
        for name, a in answers.items()
    }
