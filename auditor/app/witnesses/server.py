"""A witness on the network: HTTP, with limits on everything that a stranger can send.

One kind of request, `POST .../add-checkpoint`. Bodies are bounded, a connection lives for a minute
at most, and there are never more than 64 of them. No TLS: what goes over the line is public and
signed; a proxy may add it. Standard: C2SP tlog-witness, HTTP/1.1 (RFC 9112).
"""

from __future__ import annotations

import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from auditor import __version__
from auditor.app.boundary import guarded
from auditor.app.witnesses.witness import Witness
from auditor.errors import AuditorError, ConfigError, VerificationError
from auditor.ledger.add_checkpoint import (
    MAX_REQUEST,
    PATH,
    SIZE_TYPE,
    AddCheckpoint,
    Refusal,
    Status,
)

MAX_CONNECTIONS = 64
_TEXT = "text/plain; charset=utf-8"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a stranger may take, in seconds.

    Args:
        silence_s: Without a byte from a connection.
        connection_s: For a connection as a whole, however many requests it brings.
    """

    silence_s: float = 10.0
    connection_s: float = 60.0


class WitnessServer(ThreadingHTTPServer):
    """Answers for one witness.

    Args:
        address: Host and port; port 0 takes a free one.
        witness: Decides and remembers.
        progress: Told a line for each answer.
        limits: How long strangers may take.
    """

    request_queue_size = MAX_CONNECTIONS
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        witness: Witness,
        progress: Callable[[str], None],
        limits: Limits,
    ) -> None:
        self.witness = witness
        self.progress = progress
        self.limits = limits
        self._open: dict[socket.socket, float] = {}
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, as the base class would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # AF_INET

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Turn a connection away when there are too many."""
        del client_address
        with self._guard:
            if len(self._open) >= MAX_CONNECTIONS:
                return False
            self._open[request] = time.monotonic() + self.limits.connection_s
        return True

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection when it ends."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut connections whose time is over; called twice a second."""
        now = time.monotonic()
        with self._guard:
            for connection, deadline in self._open.items():
                if deadline < now:
                    cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A stranger that breaks off is no news; anything else is."""
        del request, client_address
        error = sys.exception()
        if not isinstance(error, OSError):
            self.progress(f"a request was not answered: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = f"auditor-witness/{__version__}"
    sys_version = ""
    server: WitnessServer

    def setup(self) -> None:
        """Give up on a silent connection."""
        super().setup()
        self.connection.settimeout(self.server.limits.silence_s)

    def do_POST(self) -> None:
        """Answer a request to cosign."""
        body = self._body()
        if body is None:
            return
        if not self.path.endswith(PATH):
            self._answer(Status.UNKNOWN_LOG, b"only add-checkpoint is answered here\n")
            return
        try:
            request = AddCheckpoint.parse(body)
        except VerificationError as error:
            self._answer(Status.MALFORMED, f"{error.message}\n".encode())
            return
        self._cosign(request)

    def _cosign(self, request: AddCheckpoint) -> None:
        head = request.signed.checkpoint
        try:
            answer = guarded(lambda: self.server.witness.add(request))
        except AuditorError as error:
            self.server.progress(f"{head.origin!r}: not answered: {error}")
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"the witness cannot answer now\n")
            return
        if isinstance(answer, Refusal):
            self._say(f"{head.origin!r} at {head.size} entries: {answer.status} {answer.reason}")
            kind = _TEXT if answer.size is None else SIZE_TYPE
            self._answer(answer.status, answer.body, kind)
            return
        self._say(f"{head.origin!r} at {head.size} entries: cosigned")
        self._answer(Status.COSIGNED, "".join(f"{line.line}\n" for line in answer).encode())

    def _body(self) -> bytes | None:
        """The body of a request; None where it was answered already, and the connection ends."""
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "one Content-Length is needed")
            return None
        if _LENGTH.fullmatch(lengths[0]) is None or int(lengths[0]) > MAX_REQUEST:
            self._refuse(Status.MALFORMED, f"at most {MAX_REQUEST} bytes are read")
            return None
        data = self.rfile.read(int(lengths[0]))
        if len(data) != int(lengths[0]):
            self._refuse(Status.MALFORMED, "the body is cut off")
            return None
        return data

    def _refuse(self, status: int, reason: str) -> None:
        self.close_connection = True  # where the next request would begin is not known
        self._answer(status, f"{reason}\n".encode())

    def _answer(self, status: int, body: bytes, kind: str = _TEXT) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _say(self, text: str) -> None:
        self.server.progress(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
        """Nothing: what was decided is said, and what strangers send is not echoed."""


@contextmanager
def witness_server(
    listen: str, witness: Witness, progress: Callable[[str], None], limits: Limits | None = None
) -> Iterator[WitnessServer]:
    """A server that is bound and not yet serving.

    Args:
        listen: `HOST:PORT`; port 0 takes a free one.

    Raises:
        ConfigError: Not an address, or it cannot be bound.
    """
    host, _, port = listen.rpartition(":")
    if not host or _LENGTH.fullmatch(port) is None:
        raise ConfigError(f"got {listen!r} to listen on", hint="--listen 127.0.0.1:8080")
    try:
        server = WitnessServer((host, int(port)), witness, progress, limits or Limits())
    except (OSError, OverflowError) as error:
        raise ConfigError(f"cannot listen on {listen}: {error}") from error
    with server:
        yield server


def cut(connection: socket.socket) -> None:
    """End a connection that another thread serves."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # gone already
