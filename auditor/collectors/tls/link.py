"""TCP connections with one deadline each, every one of them recorded as a `Call`."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor.collectors.budget import CallBudget
from auditor.collectors.tls.failure import (
    ClosedError,
    ProbeError,
    from_os_error,
    take,
)
from auditor.collectors.tls.settings import join_endpoint
from auditor.collectors.tls.starttls import PREPARE
from auditor.core.model.observation import Call
from auditor.core.model.status import Cause

_MAX_LINE = 4096
_CHUNK = 16384


class Link:
    """One connection. All reading and writing ends at the deadline, however slowly bytes drip."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._arm()
            self._socket.sendall(data)
        except ConnectionError as error:
            raise ClosedError("reset") from error
        except OSError as error:
            raise from_os_error(error, "sending") from error

    def receive(self) -> bytes:
        """Whatever comes next; empty when the server closed the connection."""
        return self._receive(_CHUNK)

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""
        data = b""
        while len(data) < count:
            part = self._receive(count - len(data))
            if not part:
                raise ClosedError("closed")
            data += part
        return data

    def line(self) -> str:
        """The next line of text, without its end."""
        data = b""
        while not data.endswith(b"\n"):
            if len(data) >= _MAX_LINE:
                raise ProbeError(Cause.UNPARSABLE, f"a line is longer than {_MAX_LINE} bytes")
            data += self.exactly(1)
        return data.decode("utf-8", errors="replace").rstrip("\r\n")

    def shorten(self, seconds: float) -> None:
        """Move the deadline to at most `seconds` from now."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def _receive(self, count: int) -> bytes:
        try:
            self._arm()
            return self._socket.recv(count)
        except ConnectionError as error:
            raise ClosedError("reset") from error
        except OSError as error:
            raise from_os_error(error, "waiting for the server") from error

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


@dataclass(slots=True)
class Dialer:
    """Opens connections to one address and keeps account of them.

    Args:
        address: IP address.
        starttls: Protocol spoken before TLS; None for none.
        timeout_s: For each connection, from its first packet to its last.
    """

    address: str
    port: int
    starttls: str | None
    timeout_s: float
    clock: Callable[[], datetime]
    budget: CallBudget
    calls: list[Call] = field(default_factory=list)

    @contextmanager
    def dial(self, purpose: str) -> Iterator[Link]:
        """A connection on which the ClientHello goes next.

        Raises:
            ProbeError: No connection, or another protocol than expected before TLS; or the run
                has made all connections that it may.
            NotOfferedError: The server says before TLS that it has none.
        """
        take(self.budget)
        place = join_endpoint(self.address, self.port)
        number = len(self.calls)
        self.calls.append(Call(purpose, place, self.clock(), items=1))
        try:
            deadline = time.monotonic() + self.timeout_s
            with self._connect(place) as connection:
                link = Link(connection, deadline)
                self._prepare(link)
                yield link
        except ProbeError:
            self.calls[number] = replace(self.calls[number], ok=False, items=0)
            raise

    def _connect(self, place: str) -> socket.socket:
        try:
            return socket.create_connection((self.address, self.port), self.timeout_s)
        except OSError as error:
            raise from_os_error(error, f"connecting to {place}") from error

    def _prepare(self, link: Link) -> None:
        if self.starttls is None:
            return
        try:
            PREPARE[self.starttls](link)
        except ClosedError as error:
            raise ProbeError(
                Cause.UNPARSABLE,
                f"the server {error.message} the connection before TLS, expected {self.starttls}",
                hint="check `starttls` of the endpoint and its port",
            ) from error
