"""One ClientHello on one connection, and what the server makes of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from auditor.collectors.tls import wire
from auditor.collectors.tls.failure import ClosedError, ProbeError
from auditor.collectors.tls.link import Link
from auditor.collectors.tls.tls13 import KeyShares, ServerRecords
from auditor.collectors.tls.wire import Flight, Hello, WireError
from auditor.core.model.status import Cause

_MAX_FLIGHT = 2**18


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server does not take the offer: an alert, another version, or a closed connection."""

    answer: str

    @property
    def silent(self) -> bool:
        """Closed without a word: it counts as refused only while the server takes other offers."""
        return self.answer in {"closed", "reset"}


Answer = Flight | Refusal


def offer(
    link: Link,
    version: str,
    suites: tuple[int, ...],
    server_name: str | None,
    signatures: tuple[int, ...] = wire.SIGNATURES,
) -> Answer:
    """Send one hello, and read the server's first flight to its end.

    Args:
        version: The only protocol that is offered; see `wire.VERSIONS`.
        suites: Cipher suites offered.
        server_name: SNI, or None for none.
        signatures: Schemes that the server may sign with.

    Raises:
        ProbeError: No answer in time, or an answer that is not TLS.
    """
    shares = KeyShares() if version == "TLSv1.3" else None
    hello = Hello(
        version=version,
        suites=suites,
        server_name=server_name,
        random=secrets.token_bytes(32),
        key_shares=shares.public() if shares else None,
        signatures=signatures,
    )
    try:
        link.send(hello.record())
        return _Conversation(link, hello, shares).flight()
    except ClosedError as error:
        return Refusal(error.message)
    except WireError as error:
        raise ProbeError(
            Cause.UNPARSABLE,
            f"the answer to a {version} hello is not TLS: {error}",
            hint="check that the port speaks TLS from the first byte, or set `starttls`",
        ) from error


class _Conversation:
    """Reads records until the flight is complete."""

    def __init__(self, link: Link, hello: Hello, shares: KeyShares | None) -> None:
        self._link = link
        self._hello = hello
        self._shares = shares
        self._opener: ServerRecords | None = None
        self._flight: Flight | None = None
        self._buffer = b""
        self._read = 0

    def flight(self) -> Answer:
        """The flight, or why there is none."""
        while True:
            kind, body = self._record()
            if kind == wire.ALERT:
                text = wire.alert_text(body)
                if text is not None:
                    return Refusal(text)
            elif kind == wire.HANDSHAKE:
                answer = self._handshake(body)
                if answer is not None:
                    return answer

    def _record(self) -> tuple[int, bytes]:
        header = self._link.exactly(5)
        kind, size = header[0], int.from_bytes(header[3:], "big")
        known = wire.CHANGE_CIPHER_SPEC <= kind <= wire.APPLICATION_DATA
        if not known or header[1] != wire.VERSIONS["SSLv3"] >> 8 or size > wire.MAX_RECORD:
            raise WireError(f"it begins with {header!r}")
        body = self._link.exactly(size)
        self._read += size
        if self._read > _MAX_FLIGHT:
            raise WireError(f"the server's first flight is longer than {_MAX_FLIGHT} bytes")
        if kind == wire.APPLICATION_DATA:
            if self._opener is None:
                raise WireError("application data before the handshake")
            return self._opener.open(header, body)
        return kind, body

    def _handshake(self, body: bytes) -> Answer | None:
        messages, self._buffer = wire.parse_messages(self._buffer + body)
        for kind, content in messages:
            answer = self._message(kind, content)
            if answer is not None:
                return answer
        return None

    def _message(self, kind: int, content: bytes) -> Answer | None:
        if kind == wire.SERVER_HELLO:
            return self._server_hello(content)
        if self._flight is None:
            raise WireError(f"handshake message {kind} before ServerHello")
        if self._opener is not None:
            self._flight = wire.add_message_13(self._flight, kind, content)
            return self._flight if kind == wire.FINISHED else None
        self._flight = wire.add_message(self._flight, kind, content)
        return self._flight if kind == wire.SERVER_HELLO_DONE else None

    def _server_hello(self, content: bytes) -> Answer | None:
        choice = wire.parse_server_hello(content)
        version = wire.VERSION_NAMES.get(choice.version, f"0x{choice.version:04X}")
        if version != self._hello.version:
            return Refusal(f"answered with {version}")
        self._flight = Flight(version, choice.suite)
        if self._shares is not None:
            if choice.key_share is None:  # a retry, asking for a group that is not offered
                return self._flight
            secret = self._shares.agree(*choice.key_share)
            said = self._hello.message() + bytes([wire.SERVER_HELLO])
            transcript = said + len(content).to_bytes(3, "big") + content
            self._opener = ServerRecords(choice.suite, secret, transcript)
        return None
